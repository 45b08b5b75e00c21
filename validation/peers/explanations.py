"""Which elements a peer's known departure from the rule can touch, decided from the input alone.

Each function takes a cast, an array and its random bits, and returns a mask of the array's shape.
The departures are facts about arithmetic in binary32 or binary64, stated as such: none is a
tolerance.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import UE4M3, Block, Cast, Fixed, Minifloat, PowerOfTwo, Rounding, ScaleRule
from .cases import magnitudes
from .pair import Explanation

Array = NDArray[Any]
Mask = NDArray[np.bool_]


def tile_maximum(block: Block, x: Array) -> NDArray[np.float64]:
    """For every element of a matrix the largest magnitude of its tile, NaN if it holds a NaN.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT8
    >>> tile_maximum(SMX_INT8, np.diag([1.0, -2, 3, 4]))[0].tolist()
    [4.0, 4.0, 4.0, 4.0]
    """
    rows, columns = block.tile
    height, width = x.shape
    tiles = np.abs(x).astype(np.float64).reshape(height // rows, rows, width // columns, columns)
    wide = np.broadcast_to(tiles.max(axis=(1, 3), keepdims=True), tiles.shape)
    return wide.reshape(x.shape)


def _logarithm_reaches(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The power of two above ``x`` where binary32 log2 rounds up to its exponent, else 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rounded = np.log2(x).astype(np.float32)
    exponent = np.frexp(np.where(np.isfinite(x) & (x > 0), x, 1.0))[1]
    return np.where(rounded == exponent, np.ldexp(1.0, exponent), 0.0)


def tile_logarithm_rounds_up(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The tile's largest magnitude is below 2^k, and its log2 rounded to binary32 is k.

    A scale taken from ``floor(log2(.))`` is then twice what it should be.

    Examples
    --------
    >>> from bitpde.formats import MXFP4_E2M1
    >>> x = np.zeros((2, 32), np.float32)
    >>> x[:, 0] = np.nextafter(np.float32([2**20, 2]), np.float32(0))
    >>> tile_logarithm_rounds_up(Cast(format=MXFP4_E2M1), x)[:, 0].tolist()
    [True, False]
    """
    reached = _logarithm_reaches(tile_maximum(_block(cast), x))
    return np.asarray((reached > 0) & (reached < 2.0**128))


def tile_logarithm_rounds_to_128(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The same at the top of binary32: the logarithm is 128, and 2^128 is no binary32 number."""
    return np.asarray(_logarithm_reaches(tile_maximum(_block(cast), x)) == 2.0**128)


def element_logarithm_rounds_up(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The scaled element is below 2^k, and its log2 rounded to binary32 is k.

    The step of a float with normal values below 2^k is then taken twice as coarse as it should be.
    """
    element = cast.element
    reached = _logarithm_reaches(np.abs(_scaled(cast, x)))
    coarse = isinstance(element, Minifloat) and reached > 2.0**element.emin
    return np.broadcast_to(coarse, x.shape)


def one_ulp_below_half_a_step(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The scaled element is ``1/2 - 2^-25`` of the least step: adding 1/2 in binary32 gives 1."""
    steps = np.abs(_scaled(cast, x)) / 2.0**cast.element.lsb_min
    return np.asarray(steps == 0.5 - 2.0**-25)


def scaled_to_negative_zero(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The element over its scale is -0 in binary32: it is -0, or at most 2^-150 below 0."""
    scaled = _scaled(cast, x).astype(np.float32)
    return np.asarray((scaled == 0) & np.signbit(scaled))


def rounded_maximum_overflows(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The tile's largest magnitude, rounded to the element's significand, is 2^128."""
    element = cast.element
    significant = element.emax - element.lsb_min if element.lsb_min > -60 else 0
    significant = getattr(element, "significand_bits", significant)
    maximum = tile_maximum(_block(cast), x)
    return np.asarray(np.isfinite(maximum) & (maximum >= 2.0**128 - 2.0 ** (126 - significant)))


def quotient_is_subnormal(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The tile's largest magnitude over the element's maximum is below 2^-126 and inexact.

    In binary32 that quotient loses bits before it is rounded up to a power of two.
    """
    maximum = tile_maximum(_block(cast), x)
    with np.errstate(invalid="ignore", over="ignore"):
        quotient = maximum.astype(np.float32) * np.float32(1 / float(cast.element.max))
        exact = quotient.astype(np.float64) * float(cast.element.max) == maximum
    return np.asarray((quotient < 2.0**-126) & ~exact & (cast.scaling.rule is ScaleRule.RCEIL))


def nvfp4_scale_below_the_least_normal(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The exact scale of the tile is below 2^-6, the least that torchao's recipe gives."""
    return np.asarray(_nvfp4(cast, x)[0] < 2.0**-6)


def nvfp4_scale_near_a_midpoint(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The exact scale is nearer to a midpoint of E4M3 than two roundings in binary32 can move it.

    The recipe divides by 6 and by the tensor's scale: a relative error below 2 2^-24 + 2^-48.
    """
    return _near_midpoint(_nvfp4(cast, x)[0], UE4M3, 2.0 + 2.0**-20)


def nvfp4_element_near_a_midpoint(cast: Cast, x: Array, _bits: Array | None = None) -> Mask:
    """The exact quotient is nearer to a midpoint of E2M1 than three roundings can move it.

    The recipe inverts the tensor's scale, divides by the tile's and multiplies by the element: a
    relative error below 3 2^-24 + 3 2^-48 + 2^-72.
    """
    exact, tensor_scale = _nvfp4(cast, x)
    codes = Cast(format=UE4M3).encode(np.minimum(exact, float(UE4M3.max)))
    steps = np.maximum(codes.values(), 2.0**-9) * tensor_scale
    return _near_midpoint(np.abs(x) / steps, cast.element, 3.0 + 2.0**-20)


def _nvfp4(cast: Cast, x: Array) -> tuple[NDArray[np.float64], float]:
    """For every element the exact scale of its tile, in binary64, and the tensor's scale."""
    maximum = tile_maximum(_block(cast), x)
    largest = float(cast.element.max)
    tensor_scale = float(np.float32(maximum.max() / (largest * float(UE4M3.max)))) or 1.0
    return maximum / (largest * tensor_scale), tensor_scale


def _near_midpoint(
    x: NDArray[np.float64], element: Fixed | Minifloat, roundings: float
) -> NDArray[np.bool_]:
    """Whether ``x`` lies within that many times 2^-24 of itself from a midpoint of the format.

    Binary64 adds its own error, below 2^-50, for which there is room in ``roundings``.
    """
    values = magnitudes(element)
    middle = (values[1:] + values[:-1]) / 2
    above = np.minimum(np.searchsorted(middle, x), middle.size - 1)
    distance = np.minimum(np.abs(x - middle[above]), np.abs(x - middle[np.maximum(above - 1, 0)]))
    return np.asarray(distance <= roundings * 2.0**-24 * x)


def random_sum_rounds_to_one(cast: Cast, x: Array, bits: Array | None = None) -> Mask:
    """Fraction and random number, added in binary64, round to 1 though their sum is below it.

    Examples
    --------
    >>> from bitpde.formats import INT8, Rounding
    >>> cast = Cast(format=INT8, rounding=Rounding.STOCHASTIC, random_bits=5)
    >>> near = np.nextafter(2.0**-5, 0)
    >>> random_sum_rounds_to_one(cast, np.array([near, 0.01]), np.array([31, 31])).tolist()
    [True, False]
    """
    element = cast.element
    good = np.isfinite(x) & (x != 0)
    exponent = np.frexp(np.where(good, x, 1.0))[1] - 1
    least = element.lsb_min + element.significand_bits
    lsb = np.maximum(exponent, least) - element.significand_bits
    if isinstance(element, Fixed):
        lsb = np.full_like(lsb, element.lsb_min)
    fraction = np.modf(np.ldexp(np.where(good, np.abs(x), 0.0), -lsb))[0]
    half = 0.5 if cast.rounding is Rounding.STOCHASTIC_B else 0.0
    step = (np.zeros(x.shape) if bits is None else bits) + half
    total = fraction + np.ldexp(step, -cast.random_bits)
    return np.asarray((total == 1.0) & (total - np.ldexp(step, -cast.random_bits) > fraction))


def _block(cast: Cast) -> Block:
    if not isinstance(cast.format, Block):
        msg = f"{cast.format} has no tiles: this explanation is for blocks"
        raise TypeError(msg)
    return cast.format


def _scaled(cast: Cast, x: Array) -> NDArray[np.float64]:
    """The elements over the power-of-two scale that the floor rule gives their tile."""
    block = _block(cast)
    maximum = tile_maximum(block, x)
    good = np.isfinite(maximum) & (maximum > 0)
    exponent = np.frexp(np.where(good, maximum, 1.0))[1] - 1 - block.element.emax
    least = block.scale.emin if isinstance(block.scale, PowerOfTwo) else 0
    finite = np.where(np.isfinite(maximum), x, 0).astype(np.float64)
    return np.asarray(np.ldexp(finite, -np.maximum(exponent, least)), np.float64)


MICROXCALING = (
    Explanation(row="D6-float32-max", covers=tile_logarithm_rounds_to_128),
    Explanation(row="D2-tile-log2", covers=tile_logarithm_rounds_up),
    Explanation(row="D11-negative-zero", covers=scaled_to_negative_zero),
    Explanation(row="D2-element-log2", covers=element_logarithm_rounds_up),
    Explanation(row="D18-half-in-binary32", covers=one_ulp_below_half_a_step),
)
GFLOAT = (Explanation(row="D19-sum-in-binary64", covers=random_sum_rounds_to_one),)
TORCHAO_EVEN = (Explanation(row="D6-even-overflow", covers=rounded_maximum_overflows),)
TORCHAO_NVFP4 = (
    Explanation(row="D3-nvfp4-least-scale", covers=nvfp4_scale_below_the_least_normal),
    Explanation(row="D17-nvfp4-scale", covers=nvfp4_scale_near_a_midpoint),
    Explanation(row="D17-nvfp4-element", covers=nvfp4_element_near_a_midpoint),
)
TORCHAO_RCEIL = (Explanation(row="D16-subnormal-quotient", covers=quotient_is_subnormal),)
