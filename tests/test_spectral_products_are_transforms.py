"""Products with rounded cosines are Fourier transforms, and mixing is a complex product.

The transforms of SciPy are the oracle in float64.  Of n cells a mode is a sum of n products with
numbers of at most 1, each off by u: it is off by at most ``2 n u max|x|``, SciPy's by less.
"""

from fractions import Fraction
from math import gcd, prod
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import fft

from bitpde.emu import DatapathError, Tape, ops, preset
from bitpde.emu.tape import fourier

U = 2.0**-53
#: Grids with powers of two and without, odd and even, with the frequency n/2 and without.
GRIDS = [
    ((8,), (5,)), ((7,), (4,)), ((12,), (3,)), ((1,), (1,)), ((8, 6), (4, 4)), ((5, 7), (2, 3)),
    ((6, 8), (1, 5)),
]  # fmt: skip


def modes_by_scipy(x: np.ndarray, modes: tuple[int, ...]) -> np.ndarray:
    """Return the kept modes of ``rfftn``, real parts before imaginary ones: (K, B, 2 C)."""
    axes = tuple(range(1, x.ndim - 1))
    found = fft.rfftn(x, axes=axes, norm="forward")[..., : modes[-1], :]
    if len(modes) == 2:
        found = np.concatenate([found[:, : modes[0]], found[:, -modes[0] :]], axis=1)
    found = np.moveaxis(found, 0, -2).reshape(-1, x.shape[0], x.shape[-1])
    return np.concatenate([found.real, found.imag], -1)


@pytest.mark.parametrize(("space", "modes"), GRIDS)
@pytest.mark.parametrize("island", [False, True])
def test_modes_are_those_of_scipy(
    space: tuple[int, ...], modes: tuple[int, ...], island: bool
) -> None:
    x = np.random.default_rng(0).standard_normal((2, *space, 3))
    tape = Tape(preset("exact"))
    found = (ops.rfft_modes if island else ops.truncated_dft)(tape.constant(x), modes)
    allowed = 4 * sum(space) * U * np.abs(x).max()
    assert np.abs(found.value - modes_by_scipy(x, modes)).max() <= allowed


@pytest.mark.parametrize(("space", "modes"), GRIDS)
@pytest.mark.parametrize("island", [False, True])
def test_a_field_of_few_modes_comes_back(
    space: tuple[int, ...], modes: tuple[int, ...], island: bool
) -> None:
    rng = np.random.default_rng(1)
    count = fourier.mode_count(modes)
    c = rng.standard_normal((count, 2, 6))
    tape = Tape(preset("exact"))
    inverse, forward = (
        (ops.irfft_modes, ops.rfft_modes)
        if island
        else (ops.inverse_truncated_dft, ops.truncated_dft)
    )
    field = inverse(tape.constant(c), modes, space)
    # The real field of the same modes, by the complex transform of a whole spectrum.
    pairs = np.moveaxis(c[..., :3] + 1j * c[..., 3:], 1, 0)
    kept = (modes[0],) if len(modes) == 1 else (2 * modes[0], modes[1])
    pairs = pairs.reshape(2, *kept, 3)
    whole = np.zeros((2, *space, 3), complex)
    rows = [slice(None)] if len(modes) == 1 else [*range(modes[0]), *range(-modes[0], 0)]
    for k, row in enumerate(rows):
        part = pairs if len(modes) == 1 else pairs[:, k]
        for m in range(modes[-1]):
            weight = 1 if m == 0 or 2 * m == space[-1] else 2
            where = (slice(None), m) if len(modes) == 1 else (slice(None), row, m)
            whole[where] = weight * part[:, m]
    axes = tuple(range(1, 1 + len(space)))
    expected = fft.ifftn(whole, axes=axes, norm="forward").real
    allowed = 8 * count * (len(space) + 1) * U * 2 * np.abs(c).max() * 2
    assert np.abs(field.value - expected).max() <= allowed
    # And back: all that a real field can have of them.
    again = forward(field, modes).value
    assert np.abs(again - modes_by_scipy(expected, modes)).max() <= 2 * allowed


def test_a_whole_spectrum_is_the_identity() -> None:
    x = np.random.default_rng(2).standard_normal((2, 8, 3))
    tape = Tape(preset("exact"))
    back = ops.inverse_truncated_dft(ops.truncated_dft(tape.constant(x), (5,)), (5,), (8,))
    assert np.abs(back.value - x).max() <= 2 * 2 * 16 * U * np.abs(x).max() * 5


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 12, 24, 49, 100, 128, 360, 1024])
def test_constants_are_cosines_rounded_once(n: int) -> None:
    modes = n // 2 + 1
    matrix = fourier.analysis(n, modes)
    cosines, sines = matrix[:, :modes], 0.0 - matrix[:, modes:]
    seen: set[Fraction] = set()
    with mpmath.workdps(60):
        for j in range(n):
            part = Fraction(2 * j, n)
            if modes < 2 or part in seen:
                continue
            seen.add(part)
            angle = mpmath.pi * part.numerator / part.denominator
            exact: list[Any] = [mpmath.cos(angle), mpmath.sin(angle)]
            if 4 % (n // gcd(j, n)) == 0:  # a multiple of a quarter turn
                exact = [mpmath.nint(v) for v in exact]
            assert [cosines[j, 1], sines[j, 1]] == [float(v) for v in exact]
            # And to FP32 by way of float64, which no constant here makes twice.
            single: list[float] = np.array([cosines[j, 1], sines[j, 1]], np.float32).tolist()
            for value, rounded in zip(exact, single, strict=True):
                step = mpmath.mpf(float(np.spacing(np.float32(abs(rounded)))))
                assert abs(value - rounded) <= step / 2
    for j, k in np.ndindex(min(n, 9), min(modes, 9)):
        assert matrix[j, k] == cosines[j * k % n, min(1, modes - 1)] or modes == 1
    assert not np.signbit(matrix[matrix == 0]).any()


@pytest.mark.parametrize("n", [7, 8, 12])
def test_constants_have_their_symmetries_bit_for_bit(n: int) -> None:
    modes = n // 2 + 1
    matrix = fourier.analysis(n, modes)
    mirrored = matrix[(-np.arange(n)) % n]
    assert np.array_equal(mirrored[:, :modes], matrix[:, :modes])
    assert np.array_equal(mirrored[:, modes:], -matrix[:, modes:])
    both = fourier.synthesis(n, modes)
    weights = [1 if k == 0 or 2 * k == n else 2 for k in range(modes)] * 2
    assert np.array_equal(both, (matrix * weights).T)


def test_mixing_is_a_complex_product_on_every_mode() -> None:
    # Small integers: every product and sum is exact.
    rng = np.random.default_rng(3)
    c, real, imaginary = (rng.integers(-8, 9, s) for s in ((5, 3, 4), (5, 2, 6), (5, 2, 6)))
    tape = Tape(preset("fp32"))
    found = ops.mix_modes(*(tape.constant(v) for v in (c, real, imaginary))).value
    expected = (c[..., :2] + 1j * c[..., 2:]) @ (real + 1j * imaginary)
    assert np.array_equal(found, np.concatenate([expected.real, expected.imag], -1))


@pytest.mark.parametrize(("space", "modes"), [((16,), (5,)), ((8, 8), (3, 4))])
def test_a_spectral_convolution_runs_on_the_datapath_or_on_an_island(
    space: tuple[int, ...], modes: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, *space, 3))
    weights = rng.standard_normal((2, fourier.mode_count(modes), 3, 2))
    found = {}
    for machine in ("exact", "smx8"):
        for island in (False, True):
            tape = Tape(preset(machine), shadow=machine == "smx8")
            a, real, imaginary = (tape.parameter(v) for v in (x, *weights))
            out = ops.spectral_convolution(a, real, imaginary, modes, island=island)
            tape.pullback(out, np.ones(out.shape), [a, real, imaginary])
            found[machine, island] = out.value
            batch, cells, mixed = 2, prod(space), fourier.mode_count(modes) * 2 * 6 * 4
            assert tape.ledgers["batched_matmul"].macs == mixed
            products = tape.ledgers.get("matmul")
            if island:
                assert products is None
            elif len(space) == 1 and products is not None:
                assert products.macs == batch * cells * 2 * modes[0] * (3 + 2)
    size = np.abs(found["exact", True]).max()
    # Modes are off by 2 n u max|x|, mixing adds 4 products, the field 2 K of them twice.
    assert np.abs(found["exact", False] - found["exact", True]).max() <= 4e3 * U * max(1, size)
    assert np.abs(found["smx8", True] - found["exact", True]).max() > 0
    assert not np.array_equal(found["smx8", True], found["smx8", False])


@pytest.mark.parametrize(
    ("space", "modes", "words"),
    [
        ((8,), (6,), r"modes \(6,\) of space of shape \(8,\): .* from 1 to 5"),
        ((8,), (0,), "from 1 to 5"),
        ((8, 8), (5, 5), "from 1 to 4 and 5"),
        ((8, 8), (4,), "one number for each axis"),
        ((2, 2, 2), (1, 1, 1), "a line or a plane"),
    ],
)
def test_modes_that_a_grid_does_not_have_are_refused(
    space: tuple[int, ...], modes: tuple[int, ...], words: str
) -> None:
    tape = Tape(preset("exact"))
    a = tape.constant(np.ones((1, *space, 1)))
    for transform in (ops.truncated_dft, ops.rfft_modes):
        with pytest.raises(DatapathError, match=words):
            transform(a, modes)
    for inverse in (ops.inverse_truncated_dft, ops.irfft_modes):
        with pytest.raises(DatapathError, match=words):
            inverse(a, modes, space)


def test_arrays_that_hold_no_modes_are_refused() -> None:
    tape = Tape(preset("exact"))
    for shape in ((3, 1, 2), (5, 1, 3), (5, 2)):
        for inverse in (ops.inverse_truncated_dft, ops.irfft_modes):
            with pytest.raises(DatapathError, match=r"give \(5, B, 2 C\)"):
                inverse(tape.constant(np.ones(shape)), (5,), (8,))
    c, w = tape.constant(np.ones((5, 1, 4))), tape.constant(np.ones((5, 3, 2)))
    with pytest.raises(DatapathError, match=r"\(K, B, 2 P\), \(K, P, Q\)"):
        ops.mix_modes(c, w, w)
