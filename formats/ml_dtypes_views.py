"""The same memory as arrays of ml_dtypes, the dtypes of JAX and TensorFlow, and back.

A scalar format whose codes lie in memory as those of a dtype are a *view* of it, either way: no
byte is copied.  Which dtype belongs to a format follows from its parameters, not from a name.
Block formats give and take two arrays, the elements and, as ``float8_e8m0fnu``, the scales.

The ``int4`` and ``int2`` of ml_dtypes are not among them: they leave the bits above a negative code
zero, where a `Coded` extends the sign.
"""

from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from . import catalogue as known
from .affine import Affine
from .block import Block, element_of
from .coded import Coded
from .errors import FormatError
from .fixed import Fixed
from .kinds import Format, short_name
from .minifloat import Minifloat, Specials

_FNUZ = Specials.NEGATIVE_ZERO_IS_NAN


def _eight_bits(exponent_bits: int, bias: int, specials: Specials = _FNUZ) -> Minifloat:
    return Minifloat(
        exponent_bits=exponent_bits,
        significand_bits=7 - exponent_bits,
        bias=bias,
        specials=specials,
    )


#: The name of the dtype whose bits in memory are the codes of a format.
_DTYPES: Final[dict[Format, str]] = {
    known.OFP8_E4M3: "float8_e4m3fn",
    known.OFP8_E5M2: "float8_e5m2",
    _eight_bits(4, 8): "float8_e4m3fnuz",
    _eight_bits(5, 16): "float8_e5m2fnuz",
    _eight_bits(4, 11): "float8_e4m3b11fnuz",
    _eight_bits(4, 7, Specials.IEEE): "float8_e4m3",
    _eight_bits(3, 3, Specials.IEEE): "float8_e3m4",
    known.OCP_E2M3: "float6_e2m3fn",
    known.OCP_E3M2: "float6_e3m2fn",
    known.OCP_E2M1: "float4_e2m1fn",
    known.BF16: "bfloat16",
    # Those that NumPy has itself.
    known.FP16: "float16",
    known.FP32: "float32",
    known.FP64: "float64",
    known.INT8: "int8",
    known.INT16: "int16",
    Fixed(bits=32): "int32",
    Fixed(bits=2, signed=False): "uint2",
    Fixed(bits=4, signed=False): "uint4",
    Fixed(bits=8, signed=False): "uint8",
    Fixed(bits=16, signed=False): "uint16",
    Fixed(bits=32, signed=False): "uint32",
}
#: Those whose negative codes lie otherwise in memory.
_UNLIKE: Final = {Fixed(bits=2): "int2", Fixed(bits=4): "int4"}
_FORMATS: Final = {name: format for format, name in _DTYPES.items()}
_SCALES: Final = "float8_e8m0fnu"


def to_ml_dtypes(coded: Coded) -> NDArray[Any]:
    """The numbers of an array in a scalar format, as a read-only view of its codes.

    Raises
    ------
    FormatError
        If ml_dtypes and NumPy have no such format; a block format has `tiles_to_ml_dtypes`.
    ImportError
        If the dtype is one of ml_dtypes and that is not installed.

    Examples
    --------
    >>> from bitpde.formats import FP16, Cast
    >>> to_ml_dtypes(Cast(format=FP16).encode([1.5, -2.0]))
    array([ 1.5, -2. ], dtype=float16)
    """
    if isinstance(coded.format, Block):
        msg = f"{short_name(coded.format)} has scales too: use tiles_to_ml_dtypes"
        raise FormatError(msg)
    if isinstance(coded.format, Affine):
        msg = f"{short_name(coded.format)} has a zero point, no dtype has: take codes, or values()"
        raise FormatError(msg)
    return coded.codes.view(_dtype_of(coded.format))


def from_ml_dtypes(array: NDArray[Any]) -> Coded:
    """The array in the scalar format that its dtype is; the codes are a read-only view of it.

    Raises
    ------
    FormatError
        If the dtype is none of ml_dtypes and NumPy with a format, or if a byte holds more than a
        code.

    Examples
    --------
    >>> from_ml_dtypes(np.array([1.5, -2.0], np.float16)).codes.tolist()
    [15872, 49152]
    """
    format = _FORMATS.get(array.dtype.name)
    if format is None or not array.dtype.isnative:
        msg = (
            f"{array.dtype} is no dtype of a format: encode array.astype(numpy.float32), or give "
            f"one of {', '.join(_FORMATS)}"
        )
        raise FormatError(msg)
    try:
        return Coded(format=format, codes=array.view(element_of(format).code_dtype))
    except FormatError as error:
        msg = f"bytes of the {array.dtype.name} array hold more than a code each: {error}"
        raise FormatError(msg) from error


def tiles_to_ml_dtypes(coded: Coded) -> tuple[NDArray[Any], NDArray[Any]]:
    """The elements and the scales of an array in a block format, as read-only views.

    The value of an element is its number times that of its tile's scale.

    Raises
    ------
    FormatError
        If the format is scalar, or ml_dtypes lacks that of its elements or scales.
    ImportError
        If ml_dtypes is not installed.
    """
    if not isinstance(coded.format, Block) or coded.scales is None:
        msg = f"{short_name(coded.format)} has no scales: use to_ml_dtypes"
        raise FormatError(msg)
    if coded.format.scale != known.E8M0:
        msg = f"{coded.format.scale} is no dtype of ml_dtypes: scales in E8M0 are"
        raise FormatError(msg)
    elements = coded.codes.view(_dtype_of(coded.element))
    return elements, coded.scales.view(_dtype(_SCALES))


def tiles_from_ml_dtypes(
    elements: NDArray[Any], scales: NDArray[Any], *, tile: tuple[int, int]
) -> Coded:
    """The array in the block format of these elements, scales and tiles; views of both.

    Parameters
    ----------
    elements
        Any shape, of a dtype that `from_ml_dtypes` takes.
    scales
        ``float8_e8m0fnu``, one for each tile.
    tile
        Rows and columns that share a scale.

    Raises
    ------
    FormatError
        As `from_ml_dtypes`; and if the scales are of another dtype or number.
    """
    if scales.dtype.name != _SCALES:
        msg = f"scales are {scales.dtype}: give {_SCALES}"
        raise FormatError(msg)
    plain = from_ml_dtypes(elements)
    block = Block(element=plain.element, tile=tile)
    return Coded(format=block, codes=plain.codes, scales=scales.view(np.uint8))


def _dtype_of(format: Fixed | Minifloat) -> Any:
    name = _DTYPES.get(format)
    if isinstance(format, Fixed) and format in _UNLIKE:
        msg = (
            f"{short_name(format)} extends the sign of its codes, {_UNLIKE[format]} of ml_dtypes "
            "does not, so that no array is a view of both: take values() of the array"
        )
        raise FormatError(msg)
    if name is None:
        msg = f"{short_name(format)} is no dtype of ml_dtypes or NumPy: take values() of the array"
        raise FormatError(msg)
    return _dtype(name)


def _dtype(name: str) -> Any:
    """A dtype of NumPy or, by its name, of ml_dtypes."""
    if hasattr(np, name):
        return np.dtype(name)
    try:
        return np.dtype(getattr(import_module("ml_dtypes"), name))
    except (ImportError, AttributeError) as error:
        msg = f"{name} is a dtype of ml_dtypes: pip install 'bitpde[peers]'"
        raise ImportError(msg) from error
