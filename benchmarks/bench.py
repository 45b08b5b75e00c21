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

from bitpde.emu import SequentialAccumulator, Tape, matmul, ops, preset
from bitpde.formats import CATALOGUE, Cast, Overflow, thread_count

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


def products(size: int, repeats: int) -> list[Row]:
    """Square products under the sequential FP32 accumulator."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((size, size), np.float32) for _ in range(2))
    blas = partial(np.matmul, x, y)
    rows = []
    for name in ("FP32", "SMX_INT8", "SMX_INT12"):
        overflow = Overflow.INFINITY_OR_NAN if name == "FP32" else Overflow.SATURATE_SYMMETRIC
        cast = Cast(format=CATALOGUE[name], overflow=overflow)
        ours = partial(matmul, cast.encode(x), cast.encode(y), SequentialAccumulator())
        rows.append(compare(f"matmul {name}", ours, "NumPy float32 @", blas, repeats))
    return rows


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
        *steps(options.repeats),
    ]
    if options.json:
        print(json.dumps({"threads": thread_count(), "rows": [row._asdict() for row in rows]}))
        return
    print(f"{thread_count()} threads; cast arrays are {4 * options.size} squared")
    for row in rows:
        print(f"{row.work:24s} {row.milliseconds:9.1f} ms  {row.ratio:6.2f} x {row.yardstick}")


if __name__ == "__main__":
    main()
