"""Adjoints of the fast transforms, by fast transforms."""

from typing import Final

from .fourier_island import to_field, to_modes, weighted
from .operation import VJP, Gradient
from .tape import Entry


def _rfft_modes(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """Each mode's waves times its gradient: the field of modes halved where they count twice."""
    modes, space = entry.saved, entry.parents[0].shape[1:-1]
    return (to_field(weighted(g, modes, space[-1], -1), modes, space, "backward"),)


def _irfft_modes(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """Sums of the gradient times each mode's waves, doubled where modes count twice."""
    modes, space = entry.saved
    return (weighted(to_modes(g, modes, "backward"), modes, space[-1], 1),)


SPECTRAL_VJPS: Final[dict[str, VJP]] = {"rfft_modes": _rfft_modes, "irfft_modes": _irfft_modes}
