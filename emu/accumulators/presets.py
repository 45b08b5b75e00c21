"""Named accumulators: the dot product units of known machines.

Where sources disagree the name follows MMA-Sim: operands that are zero have the exponent -126
(``zero_exponent``).  The MATLAB models leave zeros out of the alignment and never align below
2^-133 instead: ``replace(unit, zero_exponent=None, exponent_floor=-133)``; the presets that end in
``_floor`` are these.  The two differ only where all terms are tiny.

TF32 units truncate FP32 operands: encode them in `TF32` with ``TOWARD_ZERO``.  A scale of MX is
part of its operand's exponent, so that an MX unit is the plain unit on MX operands.
"""

from dataclasses import replace
from typing import Final

from ...formats import FP16, FP32, FP64, Rounding
from ..errors import DatapathError
from .accumulator import ExactAccumulator, SequentialAccumulator
from .chunked import ChunkedAccumulator
from .fused import Addend, FusedAccumulator, LateAddend
from .integer import IntegerAccumulator
from .kinds import DotAccumulator
from .pinta import PintaAccumulator
from .tree import TreeAccumulator


def nvidia(terms: int, fraction_bits: int, result_bits: int | None = None) -> FusedAccumulator:
    """A tensor core with FP32 results: alignment and result truncated, NaN is 0x7FFFFFFF.

    Parameters
    ----------
    terms
        Products per step.
    fraction_bits
        Aligned fraction bits.
    result_bits
        13 for the FP8 units of Ada and Hopper, whose results are E8M13 in FP32; else None.

    Examples
    --------
    >>> nvidia(16, 25) == accumulator_preset("hopper_f16")
    True
    """
    return FusedAccumulator(
        terms=terms,
        fraction_bits=fraction_bits,
        zero_exponent=-126,
        result_bits=result_bits,
        nan_code=0x7FFFFFFF,
    )


def nvidia_half(terms: int, fraction_bits: int) -> FusedAccumulator:
    """The same with FP16 C and results, rounded to nearest even; NaN is 0x7FFF.

    Examples
    --------
    >>> nvidia_half(4, 23).rounding
    Rounding.NEAREST_EVEN
    """
    wide = nvidia(terms, fraction_bits)
    return replace(wide, format=FP16, rounding=Rounding.NEAREST_EVEN, nan_code=0x7FFF)


def rvbna(terms: int) -> FusedAccumulator:
    """RISC-V bulk normalization of ``terms`` products, a power of two, then an FP32 addition.

    log2(terms) guard bits; everything is rounded to odd, and overflow is infinite.

    Examples
    --------
    >>> rvbna(8).fraction_bits
    26
    """
    if terms & (terms - 1):
        msg = f"RVBNA adds {terms} products: give a power of two"
        raise DatapathError(msg)
    return FusedAccumulator(
        terms=terms,
        fraction_bits=23 + terms.bit_length() - 1,
        alignment=Rounding.TO_ODD,
        addend=Addend.ROUNDED,
        rounding=Rounding.TO_ODD,
        signed_underflow=True,
    )


def cdna3(terms: int) -> FusedAccumulator:
    """CDNA3: products truncated to 24 bits, then C and the sum floored to 24 and 31 bits.

    Examples
    --------
    >>> cdna3(8).late
    LateAddend(sum_bits=31, addend_bits=24, rounding=Rounding.DOWN, cutoff=None)
    """
    return FusedAccumulator(
        terms=terms,
        fraction_bits=24,
        addend=Addend.LATE,
        late=LateAddend(),
        zero_exponent=-126,
        product_limit=128,
        rounding=Rounding.NEAREST_EVEN,
        signed_underflow=True,
    )


def _cdna(terms: int, *, flush: bool) -> TreeAccumulator:
    """CDNA1 and CDNA2: pairs in FP32, the group's sum added to C; CDNA2 flushes subnormals."""
    return TreeAccumulator(terms=terms, flush_inputs=flush, flush_results=flush)


def _floor(unit: FusedAccumulator) -> FusedAccumulator:
    """The exponents as the MATLAB models have them."""
    return replace(unit, zero_exponent=None, exponent_floor=-133)


#: Facts: MMA-Sim (github.com/microsoft/MMA-Sim) unless another source is named.
ACCUMULATOR_PRESETS: Final[dict[str, DotAccumulator]] = {
    # NVIDIA Volta, V100: 4 products, 23 bits, no bit below the result's
    "volta_f16": nvidia(4, 23),
    "volta_f16_half": nvidia_half(4, 23),
    # NVIDIA Turing and Ampere: 8 FP16 or BF16, 4 TF32; an instruction of 16 is two chained steps
    "turing_f16": nvidia(8, 24),
    "turing_f16_half": nvidia_half(8, 24),
    "ampere_f16": nvidia(8, 24),
    "ampere_f16_half": nvidia_half(8, 24),
    "ampere_bf16": nvidia(8, 24),
    "ampere_tf32": nvidia(4, 24),
    # NVIDIA Ada, FP8: 13 bits, results E8M13; an instruction of 32 is two chained steps
    "ada_fp8": nvidia(16, 13, 13),
    "ada_fp8_half": nvidia_half(16, 13),
    # NVIDIA Hopper: 25 bits; FP8 wgmma has 13 (MATLAB-tensor-core, H100: the same)
    "hopper_f16": nvidia(16, 25),
    "hopper_f16_half": nvidia_half(16, 25),
    "hopper_bf16": nvidia(16, 25),
    "hopper_tf32": nvidia(8, 25),
    "hopper_fp8": nvidia(32, 13, 13),
    "hopper_fp8_half": nvidia_half(32, 13),
    # MATLAB-tensor-core, H100 and B200
    "hopper_bf16_floor": _floor(nvidia(16, 25)),
    "hopper_fp8_floor": _floor(nvidia(32, 13, 13)),
    "blackwell_f8f6f4_floor": _floor(nvidia(32, 25)),
    # NVIDIA Blackwell: FP16, BF16, TF32; FP8, FP6 and FP4, also scaled (mxf8f6f4)
    "blackwell_f16": nvidia(16, 25),
    "blackwell_bf16": nvidia(16, 25),
    "blackwell_tf32": nvidia(8, 25),
    "blackwell_f8f6f4": nvidia(32, 25),
    "blackwell_f8f6f4_half": nvidia_half(32, 25),
    "blackwell_mxf8f6f4": nvidia(32, 25),
    # NVIDIA Blackwell, FP4 with scales to 16 or 32: four exact sums of 16 products, 35 bits
    "blackwell_mxf4nvf4": replace(nvidia(64, 35), exact_terms=16),
    # AMD CDNA1 and CDNA2 (bf16_1k: the instructions of that suffix)
    "cdna1_f16": _cdna(4, flush=False),
    "cdna1_bf16": _cdna(2, flush=False),
    "cdna2_f16": _cdna(4, flush=True),
    "cdna2_bf16": _cdna(2, flush=True),
    "cdna2_bf16_1k": _cdna(4, flush=True),
    # AMD CDNA3: FP16, BF16; XF32; FP8 in even and odd lanes, where a C far below is dropped
    "cdna3_f16": cdna3(8),
    "cdna3_bf16": cdna3(8),
    "cdna3_xf32": cdna3(4),
    "cdna3_fp8": replace(cdna3(16), lanes=2, late=LateAddend(cutoff=25)),
    # RISC-V Bulk Normalization Algorithm (riscv-isa-manual, rvbna.adoc): n products, log2 n guards
    "rvbna_4": rvbna(4),
    "rvbna_8": rvbna(8),
    "rvbna_16": rvbna(16),
    # MXDOTP (arXiv 2505.13159): 8 products and C in 95 fixed-point bits, exact, one rounding
    "mxdotp": FusedAccumulator(fraction_bits=None, rounding=Rounding.NEAREST_EVEN),
    # DeepSeek-V3 (arXiv 2412.19437, 3.3.2): Hopper's FP8 sums promoted to FP32 every 128 products
    "hopper_fp8_promoted": ChunkedAccumulator(inner=nvidia(32, 13, 13), length=128),
    # IEEE 754 chains of fused multiply-adds, and Kulisch's exact sums
    "fma_fp32": SequentialAccumulator(format=FP32),
    "fma_fp64": SequentialAccumulator(format=FP64),
    "kulisch_fp32": ExactAccumulator(format=FP32),
    # two's complement registers of integer engines
    "int32": IntegerAccumulator(bits=32),
    # PINTA (arXiv 2512.09202): 4x4 tiles of integers, 8 guard bits, truncating shifts, saturation
    "pinta": PintaAccumulator(),
}


def accumulator_preset(name: str) -> DotAccumulator:
    """The accumulator called ``name``.

    Raises
    ------
    DatapathError
        Naming the known ones.

    Examples
    --------
    >>> accumulator_preset("hopper_fp8").fraction_bits
    13
    """
    if not isinstance(name, str) or name not in ACCUMULATOR_PRESETS:
        known = ", ".join(sorted(ACCUMULATOR_PRESETS))
        msg = f"unknown accumulator {name!r}: choose one of {known}"
        raise DatapathError(msg)
    return ACCUMULATOR_PRESETS[name]
