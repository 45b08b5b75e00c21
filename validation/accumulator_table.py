"""The named accumulators as tables: for a terminal and for Markdown, with where each comes from."""

from typing import Any, Final

from ..emu import (
    ACCUMULATOR_PRESETS,
    Addend,
    ChunkedAccumulator,
    DotAccumulator,
    ExactAccumulator,
    FusedAccumulator,
    IntegerAccumulator,
    PintaAccumulator,
    SequentialAccumulator,
    TreeAccumulator,
    accumulator_to_json,
)
from ..formats import CATALOGUE, Fixed, Minifloat

_MMA: Final = "MMA-Sim"
_MATLAB: Final = "MATLAB-tensor-core"
_HEADER: Final = ("accumulator", "family", "terms", "bits", "C", "result", "end", "source")

#: What defines each preset: a public model, a specification or a paper.
ACCUMULATOR_SOURCES: Final[dict[str, str]] = {
    **dict.fromkeys(ACCUMULATOR_PRESETS, _MMA),
    **{name: _MATLAB for name in ACCUMULATOR_PRESETS if name.endswith("_floor")},
    **{name: "rvbna.adoc" for name in ACCUMULATOR_PRESETS if name.startswith("rvbna")},
    "mxdotp": "arXiv 2505.13159",
    "hopper_fp8_promoted": "arXiv 2412.19437, 3.3.2",
    "fma_fp32": "IEEE 754-2019, 5.4.1",
    "fma_fp64": "IEEE 754-2019, 5.4.1",
    "kulisch_fp32": "an exact sum",
    "int32": "two's complement",
    "pinta": "arXiv 2512.09202",
}

#: One preset for each way in which products become a sum.
FAMILIES: Final[dict[str, str]] = {
    "fused": "hopper_fp8",
    "fused, C late": "cdna3_fp8",
    "fused, C rounded": "rvbna_8",
    "fused, no loss": "mxdotp",
    "chunked": "hopper_fp8_promoted",
    "tree": "cdna1_f16",
    "sequential": "fma_fp32",
    "exact": "kulisch_fp32",
    "integer": "int32",
    "PINTA": "pinta",
}


def family_of(unit: DotAccumulator) -> str:
    """How products become a sum, as one of `FAMILIES`.

    Examples
    --------
    >>> [name for name, preset in FAMILIES.items() if preset == "rvbna_8"]
    ['fused, C rounded']
    """
    if isinstance(unit, FusedAccumulator):
        if unit.addend is not Addend.ALIGNED:
            return f"fused, C {unit.addend.value}"
        return "fused" if unit.fraction_bits is not None else "fused, no loss"
    names: dict[type, str] = {
        ChunkedAccumulator: "chunked",
        TreeAccumulator: "tree",
        SequentialAccumulator: "sequential",
        ExactAccumulator: "exact",
        IntegerAccumulator: "integer",
        PintaAccumulator: "PINTA",
    }
    return names[type(unit)]


def accumulator_rows() -> list[tuple[str, ...]]:
    """A header, then one row per preset.

    Examples
    --------
    >>> next(row for row in accumulator_rows() if row[0] == "hopper_fp8")
    ('hopper_fp8', 'fused', '32', '13', 'aligned', 'E8M13 in FP32', 'toward zero', 'MMA-Sim')
    """
    rows = [
        (name, family_of(unit), *_cells(unit), ACCUMULATOR_SOURCES[name])
        for name, unit in ACCUMULATOR_PRESETS.items()
    ]
    return [_HEADER, *rows]


def accumulators_markdown() -> str:
    """The table of the presets in Markdown, with a line per preset."""
    head, *rows = accumulator_rows()
    quoted = [(f"`{name}`", *cells) for name, *cells in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ("---",) * len(head), *quoted])


def accumulator_json(name: str) -> dict[str, Any]:
    """A preset and where it comes from, as plain data.

    Examples
    --------
    >>> accumulator_json("int32")["spec"]["bits"]
    32
    """
    unit = ACCUMULATOR_PRESETS[name]
    return {
        "name": name,
        "family": family_of(unit),
        "source": ACCUMULATOR_SOURCES[name],
        "spec": accumulator_to_json(unit),
    }


def _cells(unit: DotAccumulator) -> tuple[str, str, str, str, str]:
    """Products per step, bits kept, where C joins, the result's format, how it ends."""
    if isinstance(unit, ChunkedAccumulator):
        terms, bits, *_ = _cells(unit.inner)
        return (f"{terms}, {unit.length}", bits, "outer", *_cells(unit.outer)[3:])
    if isinstance(unit, IntegerAccumulator):
        return str(unit.terms or "all"), str(unit.bits), "added", "integer", _words(unit.overflow)
    if isinstance(unit, PintaAccumulator):
        bits = f"{unit.bits}, {unit.guard_bits} below"
        return "a tile", bits, "none", "integer", _words(unit.overflow)
    format, terms, bits, addend = _name(unit.format), "all", "exact", "added"
    if isinstance(unit, FusedAccumulator):
        terms, addend = str(unit.terms), unit.addend.value
        bits = "exact" if unit.fraction_bits is None else str(unit.fraction_bits)
        if unit.result_bits is not None:
            format = f"E{unit.format.exponent_bits}M{unit.result_bits} in {format}"
    elif isinstance(unit, TreeAccumulator):
        terms, bits = str(unit.terms or "all"), format
    elif isinstance(unit, SequentialAccumulator):
        terms, bits = "1", format
    return terms, bits, addend, format, _words(unit.rounding)


def _words(rounding: object) -> str:
    return str(getattr(rounding, "value", rounding)).replace("_", " ")


def _name(format: Fixed | Minifloat) -> str:
    return next((name for name, known in CATALOGUE.items() if known == format), repr(format))
