"""Emulation speed as ratios to what the machine can do at all, measured in one run.

python benchmarks/bench.py [--size 1024] [--repeats 7] [--json]

Each row times our operation and its yardstick in turn, and reports the median of the ratios pair by
pair, so that a machine that slows down slows both.  Yardsticks: a copy of the array (NumPy, one
thread) for casts; NumPy's float32 product at the same size for matrix products; the same training
step written in plain NumPy float32 for training.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bitpde.emu import (
    Accumulator,
    ExactAccumulator,
    SequentialAccumulator,
    Tape,
    matmul,
    ops,
    preset,
)
from bitpde.formats import CATALOGUE, Block, Cast, Overflow, thread_count

Array = NDArray[np.float32]


class Row(NamedTuple):
    """One comparison."""

    work: str
    milliseconds: float
    yardstick: str
    ratio: float


def compare(
    work: str, ours: Callable[[], object], stick: str, theirs: Callable[[], object], repeats: int
) -> Row:
    """Median time of ``ours`` and median of its ratio to ``theirs``, run in turn."""
    ours()
    theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    ratio = statistics.median(a / b for a, b in pairs)
    return Row(work, 1e3 * statistics.median(a for a, _ in pairs), stick, ratio)


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def casts(size: int, repeats: int) -> list[Row]:
    """Encoding and decoding of a large float32 matrix."""
    x = np.random.default_rng(0).standard_normal((4 * size, 4 * size), np.float32)
    duplicate = partial(np.copyto, np.empty_like(x), x)
    rows = []
    for name in ("SMX_INT8", "SMX_INT12", "MXINT8", "MXFP8_E4M3"):
        cast = Cast(format=CATALOGUE[name])
        decode = partial(cast.encode(x).values, np.float64 if "FP8" in name else np.float32)
        encode = partial(cast.encode, x)
        rows.append(compare(f"encode {name}", encode, "np.copyto", duplicate, repeats))
        rows.append(compare(f"decode {name}", decode, "np.copyto", duplicate, repeats))
    return rows


#: What is multiplied, and in which accumulator.
PRODUCTS: list[tuple[str, str, Accumulator]] = [
    *((name, name, SequentialAccumulator()) for name in (
        "FP32", "OFP8_E4M3", "SMX_INT8", "SMX_INT12", "SMX_INT16", "MXINT8", "MXFP4_E2M1",
        "MXFP6_E2M3", "MXFP6_E3M2", "MXFP8_E4M3",
    )),
    ("SMX_INT12", "SMX_INT8", SequentialAccumulator()),
    ("INT8", "INT8", ExactAccumulator()),
    ("MXFP8_E4M3", "MXFP8_E4M3", ExactAccumulator()),
]  # fmt: skip


def products(size: int, repeats: int) -> list[Row]:
    """Square products in FP32, one rounding per tile or one in all; operands are coded before."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((size, size), np.float32) for _ in range(2))
    blas = partial(np.matmul, x, y)
    rows = []
    for left, right, accumulator in PRODUCTS:
        scale = 32 if left == "INT8" else 1
        a = _cast(left).encode(scale * x)
        b = _cast(right, along_rows=True).encode(scale * y)
        kind = "exact" if isinstance(accumulator, ExactAccumulator) else "matmul"
        work = f"{kind} {left}" if left == right else f"{kind} {left} {right}"
        ours = partial(matmul, a, b, accumulator)
        rows.append(compare(work, ours, "NumPy float32 @", blas, repeats))
    return rows


def quantized_products(size: int, repeats: int) -> list[Row]:
    """Both operands encoded and multiplied: a square product, and a tall one as in training."""
    rng = np.random.default_rng(0)
    rows = []
    for shape, label in (((size, size), ""), ((100 * size, size // 4), " tall")):
        x, y = (rng.standard_normal(s, np.float32) for s in (shape, (shape[1], shape[1])))
        blas = partial(np.matmul, x, y)
        for name in ("SMX_INT8", "MXINT8", "MXFP8_E4M3"):
            ours = partial(_encode_and_multiply, name, x, y)
            rows.append(
                compare(f"quantize, @{label} {name}", ours, "NumPy float32 @", blas, repeats)
            )
    return rows


def _encode_and_multiply(name: str, x: Array, y: Array) -> Array:
    a, b = _cast(name).encode(x), _cast(name, along_rows=True).encode(y)
    return matmul(a, b, SequentialAccumulator())


def _cast(name: str, *, along_rows: bool = False) -> Cast:
    """How an operand is encoded, for a contraction along its columns or its rows."""
    format = CATALOGUE[name]
    overflow = Overflow.INFINITY_OR_NAN if name == "FP32" else Overflow.SATURATE
    if isinstance(format, Block) and along_rows:
        format = format.T
    return Cast(format=format, overflow=overflow)


def steps(repeats: int) -> list[Row]:
    """Forward and backward pass of the Poisson network on 2,600 rows."""
    rng = np.random.default_rng(0)
    widths = (2, 256, 256, 256, 1)
    weights = [
        rng.standard_normal((m, n), np.float32) / np.float32(np.sqrt(m))
        for m, n in pairwise(widths)
    ]
    x = rng.random((2600, 2), np.float32)

    def on(name: str) -> Callable[[], object]:
        def run() -> object:
            tape = Tape(preset(name))
            nodes = [tape.parameter(w) for w in weights]
            h = tape.constant(x)
            for node in nodes[:-1]:
                h = ops.tanh(ops.matmul(h, node))
            return tape.gradient(ops.mean_square(ops.matmul(h, nodes[-1])), nodes)

        return run

    return [
        compare(
            f"training step {name}", on(name), "NumPy float32 step",
            lambda: numpy_step(x, weights), repeats,
        )
        for name in ("fp32", "smx8", "mxint8")
    ]  # fmt: skip


def numpy_step(x: Array, weights: list[Array]) -> list[Array]:
    """The same forward and backward pass in plain NumPy float32."""
    hidden = [x]
    for w in weights[:-1]:
        hidden.append(np.tanh(hidden[-1] @ w))
    y = hidden[-1] @ weights[-1]
    g = (2 / y.size) * y
    gradients = []
    for w, h in zip(weights[::-1], hidden[::-1], strict=True):
        gradients.append(h.T @ g)
        g = (g @ w.T) * (1 - h * h)
    return gradients[::-1]


def main() -> None:
    """Print the table, or with ``--json`` one object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [
        *casts(options.size, options.repeats),
        *products(options.size, options.repeats),
        *quantized_products(options.size, options.repeats),
        *steps(options.repeats),
    ]
    if options.json:
        print(json.dumps({"threads": thread_count(), "rows": [row._asdict() for row in rows]}))
        return
    print(f"{thread_count()} threads; cast arrays are {4 * options.size} squared")
    for row in rows:
        print(f"{row.work:28s} {row.milliseconds:9.1f} ms  {row.ratio:6.2f} x {row.yardstick}")


if __name__ == "__main__":
    main()
