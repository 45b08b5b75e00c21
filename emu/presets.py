"""Named machines."""

from dataclasses import replace
from typing import Final

from ..formats import (
    FP32,
    FP64,
    MXINT8,
    SMX_INT8,
    SMX_INT12,
    Block,
    Cast,
    Fixed,
    Minifloat,
    NonFinite,
    Overflow,
)
from .accumulators.accumulator import SequentialAccumulator
from .datapath import Datapath
from .errors import DatapathError


def _float(name: str, format: Minifloat) -> Datapath:
    """Everything in one IEEE format; a product is a chain of fused multiply-adds."""
    cast = Cast(format=format, overflow=Overflow.INFINITY_OR_NAN)
    return Datapath(
        name=name,
        activation=cast,
        weight=cast,
        gradient=cast,
        accumulator=SequentialAccumulator(format=format),
        vector=format,
    )


def _integer(name: str, narrow: Block, wide: Block) -> Datapath:
    """Integer tiles, symmetric; ``wide`` for gradients; FP32 between tiles and elsewhere."""
    near = Cast(format=narrow, overflow=Overflow.SATURATE_SYMMETRIC, nonfinite=NonFinite.RAISE)
    far = Cast(format=wide, overflow=Overflow.SATURATE_SYMMETRIC, nonfinite=NonFinite.RAISE)
    return Datapath(
        name=name,
        activation=near,
        weight=near,
        gradient=far,
        accumulator=SequentialAccumulator(format=FP32),
        vector=FP32,
    )


_MXINT12: Final = Block(element=Fixed(bits=12, fraction_bits=10), tile=(1, 32))

#: ``exact``: float64 throughout, the reference without quantization.
#: ``fp32``: float32 throughout.
#: ``smx8``: 4x4 tiles, INT8 activations and weights, INT12 gradients (arXiv 2512.09202).
#: ``mxint8``: the same widths in 1x32 vector tiles (OCP MX v1.0 MXINT8), which must keep a second,
#: separately rounded copy of every operand that is also used transposed.
PRESETS: Final[dict[str, Datapath]] = {
    machine.name: machine
    for machine in (
        _float("exact", FP64),
        _float("fp32", FP32),
        _integer("smx8", SMX_INT8, SMX_INT12),
        _integer("mxint8", MXINT8, _MXINT12),
    )
}


def smx_datapath(activation: int, weight: int, gradient: int) -> Datapath:
    """The machine ``smx8`` with other widths, in bits, of integers in tiles of 4x4.

    Raises
    ------
    FormatError
        If a width is none that `Fixed` has.

    Examples
    --------
    >>> smx_datapath(8, 8, 12).digest() == preset("smx8").digest()
    True
    >>> smx_datapath(4, 4, 8).name
    'smx4-4-8'
    """
    near, weights, far = (
        Cast(
            format=Block(element=Fixed(bits=bits), tile=(4, 4)),
            overflow=Overflow.SATURATE_SYMMETRIC,
            nonfinite=NonFinite.RAISE,
        )
        for bits in (activation, weight, gradient)
    )
    name = f"smx{activation}-{weight}-{gradient}"
    return replace(PRESETS["smx8"], name=name, activation=near, weight=weights, gradient=far)


def preset(name: str) -> Datapath:
    """The machine called ``name``.

    Raises
    ------
    DatapathError
        Naming the known ones.

    Examples
    --------
    >>> preset("smx8").gradient.format.element.bits
    12
    """
    if not isinstance(name, str) or name not in PRESETS:
        msg = f"unknown datapath {name!r}: choose one of {', '.join(sorted(PRESETS))}"
        raise DatapathError(msg)
    return PRESETS[name]
