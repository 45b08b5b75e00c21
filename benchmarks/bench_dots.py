"""Speed of emulated dot products as ratios to NumPy's float32 product of the same size.

python benchmarks/bench_dots.py [--sizes 1024] [--repeats 5] [--only TEXT] [--integers]
                                [--processor] [--json]

The candidates take turns in one process; a row gives the median time, the products per second and
the median ratio to the float32 product of the same round, on as many threads.  What is timed is one
call of the public `dot` on encoded operands of normal numbers: decoding them, forming panels,
summing, encoding.  With ``--integers`` the same goes through the lanes of integers, which compute
one output at a time: give a size of 128 then.

Where others use the machine too, ``--processor`` counts the time that the processor works for this
process instead of the time that passes.  Threads that wait count as well, so that there should be
one: set OPENBLAS_NUM_THREADS=1 and BITPDE_NUM_THREADS=1.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from bitpde.emu import (
    IntegerAccumulator,
    SequentialAccumulator,
    TreeAccumulator,
    accumulator_preset,
    dot,
)
from bitpde.emu.dots import lanes as dot_lanes
from bitpde.formats import (
    BF16,
    FNUZ_E4M3,
    FP16,
    FP32,
    FP64,
    INT8,
    MXFP8_E4M3,
    MXFP8_E5M2,
    MXINT8,
    OFP8_E4M3,
    SMX_INT8,
    TF32,
    Block,
    Cast,
    Minifloat,
    Rounding,
    thread_count,
)

Work = Callable[[], object]
Clock = Callable[[], float]

#: The format of both operands of each preset that vectors compute.
PRESETS: dict[str, Any] = {
    "volta_f16": FP16,
    "volta_f16_half": FP16,
    "ampere_f16": FP16,
    "ampere_bf16": BF16,
    "ampere_tf32": TF32,
    "ada_fp8": OFP8_E4M3,
    "hopper_f16": FP16,
    "hopper_f16_half": FP16,
    "hopper_fp8": OFP8_E4M3,
    "hopper_bf16_floor": BF16,
    "blackwell_f8f6f4": OFP8_E4M3,
    "blackwell_mxf8f6f4": MXFP8_E4M3,
    "cdna1_f16": FP16,
    "cdna2_f16": FP16,
    "cdna3_f16": FP16,
    "cdna3_fp8": FNUZ_E4M3,
    "rvbna_8": FP16,
    "mxdotp": MXFP8_E4M3,
    "hopper_fp8_promoted": OFP8_E4M3,
    "fma_fp64": FP64,
    "pinta": SMX_INT8,
    "int32": INT8,
}
E8M13 = Minifloat(exponent_bits=8, significand_bits=13, bias=127)
CHAINS: dict[str, tuple[Any, Any]] = {
    "E4M3 in FP16": (OFP8_E4M3, FP16),
    "E4M3 in BF16": (OFP8_E4M3, BF16),
    "E4M3 in E8M13": (OFP8_E4M3, E8M13),
    "E4M3 in FP32": (OFP8_E4M3, FP32),
    "FP16 in FP16": (FP16, FP16),
    "BF16 in BF16": (BF16, BF16),
    "MXFP8_E4M3 in FP32": (MXFP8_E4M3, FP32),
    "MXFP8_E5M2 in FP32": (MXFP8_E5M2, FP32),
    "MXINT8 in FP16": (MXINT8, FP16),
}


#: Formats of trees of four products and of their operands, and of the operands of exact sums.
TREES: dict[str, tuple[Any, Any]] = {"FP16 in FP16": (FP16, FP16), "BF16 in BF16": (BF16, BF16)}
EXACT: dict[str, Any] = {"MXFP8_E5M2": MXFP8_E5M2, "FP16": FP16, "BF16": BF16, "FP32": FP32}


class Row(NamedTuple):
    """One candidate of one size."""

    work: str
    size: int
    milliseconds: float
    products_per_second: float
    ratio: float


def cases() -> dict[str, tuple[Any, Any]]:
    """Formats of the operands and accumulators, by name."""
    found: dict[str, tuple[Any, Any]] = {
        f"sequential {name}": (operand, SequentialAccumulator(format=format))
        for name, (operand, format) in CHAINS.items()
    }
    truncating = SequentialAccumulator(format=FP16, rounding=Rounding.TOWARD_ZERO)
    found["sequential E4M3 in FP16, truncated"] = (OFP8_E4M3, truncating)
    found |= {name: (operand, accumulator_preset(name)) for name, operand in PRESETS.items()}
    for name, (operand, format) in TREES.items():
        found[f"tree {name}"] = (operand, TreeAccumulator(format=format, terms=4))
    exact = accumulator_preset("kulisch_fp32")
    found |= {f"exact {name}": (operand, exact) for name, operand in EXACT.items()}
    found["24 bits, saturating"] = (INT8, IntegerAccumulator(bits=24))
    return found


def measured(size: int, only: str, repeats: int, clock: Clock) -> list[Row]:
    """All candidates in turn, round after round, each with a float32 product of its own."""
    x, y = np.random.default_rng(0).standard_normal((2, size, size), np.float32)
    work: dict[str, Work] = {}
    for name, (format, unit) in cases().items():
        if only in name:
            step = 30.0 if format == INT8 else 1.0
            turned = format.T if isinstance(format, Block) else format
            a, b = Cast(format=format).encode(step * x), Cast(format=turned).encode(step * y)
            work[name] = partial(dot, a, b, unit)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for round in range(repeats + 1):
        for name, candidate in work.items():
            stick = _seconds(partial(np.matmul, x, y), clock)
            own = _seconds(candidate, clock)
            if round:  # the first one compiles
                times[name].append((own, own / stick))
    return [_row(name, size, taken) for name, taken in times.items()]


def _seconds(work: Work, clock: Clock) -> float:
    start = clock()
    work()
    return clock() - start


def _row(name: str, size: int, taken: list[tuple[float, float]]) -> Row:
    own = statistics.median(t for t, _ in taken)
    return Row(name, size, 1e3 * own, size**3 / own, statistics.median(r for _, r in taken))


def main() -> None:
    """Print the table, or with ``--json`` one object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024], help="of square matrices")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="candidates whose name holds this text")
    parser.add_argument("--integers", action="store_true", help="one output at a time")
    parser.add_argument("--processor", action="store_true", help="count the processor's time")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    by_integers = patch.object(dot_lanes, "fill_vectors", lambda *_, **__: False)
    with by_integers if options.integers else nullcontext():
        clock = time.process_time if options.processor else time.perf_counter
        rows = [
            row
            for size in options.sizes
            for row in measured(size, options.only, options.repeats, clock)
        ]
    if options.json:
        print(json.dumps({"threads": thread_count(), "rows": [row._asdict() for row in rows]}))
        return
    print(f"{thread_count()} threads; ratio to the float32 product of NumPy")
    for row in rows:
        speed = f"{row.products_per_second / 1e9:8.3f} G/s"
        print(
            f"{row.work:36s} {row.size:6d} {row.milliseconds:10.2f} ms {speed} {row.ratio:8.2f} x"
        )


if __name__ == "__main__":
    main()
