"""The picture of formats: which numbers they have, and how far from one a number may be."""

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ..formats import Block, Cast, Fixed, Minifloat, Overflow
from .format_facts import scalar_facts
from .named_formats import AnyFormat, Scalar
from .picture import line_styles, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

#: The picture shows at most this many binades on either side of one.
_FARTHEST: Final = 160
_MARKS: Final = 2**10
_PER_BINADE: Final = 256
_BEYOND: Final = 3


def plot_formats(formats: Mapping[str, AnyFormat], file: BinaryIO, kind: str = "png") -> None:
    """Draw the positive values of each format, and its relative error, over a binary logarithm.

    Above, a mark per value; a format of more than 1024 is a bar, paler where it is subnormal.
    Below, the largest ``|Q(x) - x| / |x|`` in each binade, ``Q`` rounding to nearest even and
    saturating; of a single format also the error itself.  A block is drawn as its element: a tile
    whose scale is 1.  What lies beyond ``2^+-160`` is cut off.

    Parameters
    ----------
    formats
        The formats by the names to print.
    file
        Where the bytes go.
    kind
        ``"png"``, ``"pdf"`` or ``"svg"``.

    Notes
    -----
    matplotlib (extra ``app``) is imported here; no display is needed, ``pyplot`` is left alone.
    """
    from matplotlib.figure import Figure

    scalars = {_label(name, format): _scalar(format) for name, format in formats.items()}
    low, high = _limits(list(scalars.values()))
    above = 0.5 + 0.34 * len(scalars)
    figure = Figure(figsize=(7.0, above + 3.5), layout="constrained")
    values, errors = figure.subplots(2, 1, sharex=True, height_ratios=[above, 2.9])
    edges = np.exp2(np.arange(low, high + 1))
    lines = line_styles(len(scalars))
    for row, (label, (colour, style)) in enumerate(zip(scalars, lines, strict=True)):
        format = scalars[label]
        x = _inputs(format, low, high)
        error = _relative_error(format, x)
        _values(values, format, row, colour)
        if len(scalars) == 1:
            errors.plot(x.ravel(), error.ravel(), color=colour, linewidth=0.5, alpha=0.6)
        worst = error.max(axis=1)
        name = label.replace("\n", " ")
        errors.stairs(worst, edges, baseline=None, color=colour, ls=style, label=name, lw=1.4)
    _finish(values, errors, list(scalars), (low, high))
    if len(scalars) > 1:
        columns = min(len(scalars), 4)
        figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=8)
    save_picture(figure, file, kind)


def _label(name: str, format: AnyFormat) -> str:
    return f"{name}\n(tile of scale 1)" if isinstance(format, Block) else name


def _scalar(format: AnyFormat) -> Scalar:
    return format.element if isinstance(format, Block) else format


def _limits(formats: list[Scalar]) -> tuple[int, int]:
    """The binades to show: those of all formats and a few more, within reason."""
    facts = [scalar_facts(format) for format in formats]
    least = min(_exponent(each.least_positive) for each in facts)
    greatest = max(_exponent(each.max) for each in facts)
    return max(least - _BEYOND, -_FARTHEST), min(greatest + 1 + _BEYOND, _FARTHEST)


def _exponent(value: Fraction) -> int:
    """The exponent of a positive dyadic rational, which may lie beyond float64."""
    return value.numerator.bit_length() - value.denominator.bit_length()


def _inputs(format: Scalar, low: int, high: int) -> Array:
    """A row of inputs for each binade; among them, in front, the one rounded worst.

    That is half a step above the power of two: half the least step where that is more, and where
    even this is beyond the binade every input becomes zero or the least value.
    """
    power = np.exp2(np.arange(low, high))[:, None]
    grid = power * (1 + np.arange(_PER_BINADE) / _PER_BINADE)
    trailing = format.significand_bits if isinstance(format, Minifloat) else 0
    least = float(scalar_facts(format).least_positive)
    relative = 0.0 if isinstance(format, Fixed) else 2.0**-trailing
    worst = power + np.maximum(least, power * relative) / 2
    return np.sort(np.hstack([grid, np.where(worst < 2 * power, worst, power)]))


def _values(panel: "Axes", format: Scalar, row: int, colour: str) -> None:
    """Draw one format's positive values in its row."""
    facts = scalar_facts(format)
    if 2**format.bits <= 2 * _MARKS:
        decoded = (format.decode(code) for code in format.codes())
        exact = (value for value in decoded if isinstance(value, Fraction) and value > 0)
        points = [float(value) for value in exact if abs(_exponent(value)) <= _FARTHEST]
        panel.vlines(points, row - 0.32, row + 0.32, color=colour, linewidth=0.7)
        return
    least, greatest = float(facts.least_positive), float(facts.max)
    border = least if facts.min_normal is None else float(facts.min_normal)
    for start, stop, alpha in ((least, border, 0.4), (border, greatest, 1.0)):
        panel.fill_betweenx([row - 0.32, row + 0.32], start, stop, color=colour, alpha=alpha, lw=0)


def _relative_error(format: Scalar, x: Array) -> Array:
    """``|Q(x) - x| / |x|``; of a scale by its nearest neighbour, for it has no cast of its own."""
    if isinstance(format, Fixed | Minifloat):
        q = Cast(format=format, overflow=Overflow.SATURATE).encode(x).values()
    else:
        points = np.array([float(format.decode(code)) for code in format.codes()[:-1]])
        above = np.searchsorted(points, x).clip(1, points.size - 1)
        lower, upper = points[above - 1], points[above]
        q = np.where(x - lower <= upper - x, lower, upper)
    return np.abs(q - x) / x


def _finish(values: "Axes", errors: "Axes", labels: list[str], limits: tuple[int, int]) -> None:
    """Scales, labels and grid."""
    from matplotlib.ticker import FixedLocator

    values.set_xscale("log", base=2)
    values.set_xlim(2.0 ** limits[0], 2.0 ** limits[1])
    step = next(2**n for n in range(9) if (limits[1] - limits[0]) <= 10 * 2**n)
    ticks = range(-(-limits[0] // step) * step, limits[1] + 1, step)
    values.xaxis.set_major_locator(FixedLocator([2.0**tick for tick in ticks]))
    values.set_yticks(range(len(labels)), labels)
    values.set_ylim(len(labels) - 0.4, -0.6)
    values.tick_params(axis="y", length=0)
    values.set_title("positive values", fontsize=10, loc="left")
    errors.set_yscale("log", base=2)
    errors.set_ylim(top=2**0.5)
    title = "largest relative error in each binade, to nearest, saturating"
    if len(labels) == 1:
        title = "relative error, and the largest in each binade, to nearest, saturating"
    errors.set_title(title, fontsize=10, loc="left")
    errors.set_ylabel(r"$|Q(x) - x| \,/\, |x|$")
    errors.set_xlabel("$x$")
    for panel in (values, errors):
        panel.minorticks_off()
    values.grid(visible=True, axis="x", alpha=0.25)
    errors.grid(visible=True, alpha=0.25)
