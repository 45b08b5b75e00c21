"""Speed of formats as ratios to copying the array, ours and every installed peer in one run.

python benchmarks/bench_formats.py [--side 4096] [--repeats 7] [--only TEXT] [--json]

The candidates take turns in one process; a row gives the median time and the median ratio to the
copy of the same round, a copy of the float32 matrix on all threads, so that a machine that slows
down slows both.  Ours write into an array that is there, as the copy does; the rows
that end in "fresh", and the peers, make a new one, for which the system has to clear memory.  Peers
are measured where they are installed: ml_dtypes, torch.  The last rows are about small arrays and
about starting: importing, and the first call of a process.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bitpde.formats import (
    BF16,
    CATALOGUE,
    INT8,
    MXFP4_E2M1,
    MXFP8_E4M3,
    OFP8_E4M3,
    Affine,
    Block,
    Cast,
    RandomBits,
    Rounding,
    split_work,
    thread_count,
)

Array = NDArray[np.float32]
Work = Callable[[], object]

#: Rows of a matrix that one thread copies at a time.
ROWS = 64
_FIRST_CALL = (
    "import numpy as np; from bitpde.formats import Cast, MXFP8_E4M3; "
    "Cast(format=MXFP8_E4M3).encode(np.ones((64, 64), np.float32))"
)


class Row(NamedTuple):
    """One candidate: its median milliseconds, and the median of its ratios to the yardstick."""

    work: str
    milliseconds: float
    ratio: float


def seconds(work: Work) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(candidates: dict[str, Work], yardstick: Work, repeats: int) -> list[Row]:
    """All candidates in turn, round after round, each round with its own yardstick."""
    for work in (*candidates.values(), yardstick):
        work()
    rounds = []
    for _ in range(repeats):
        stick = seconds(yardstick)
        rounds.append({name: (t := seconds(work), t / stick) for name, work in candidates.items()})
    return [
        Row(
            name,
            1e3 * statistics.median(r[name][0] for r in rounds),
            statistics.median(r[name][1] for r in rounds),
        )
        for name in candidates
    ]


def copy_on_all_threads(x: Array, y: Array) -> Work:
    """The yardstick: what reading and writing the matrix costs at least."""

    def copy(start: int, stop: int) -> None:
        y[start:stop] = x[start:stop]

    return partial(split_work, copy, x.shape[0], ROWS)


def ours(x: Array) -> Iterator[tuple[str, Work]]:
    """Quantizing, encoding and decoding in the formats the targets name."""
    names = ("MXFP8_E4M3", "MXFP8_E5M2", "MXFP6_E3M2", "MXFP6_E2M3", "MXFP4_E2M1", "MXINT8")
    formats: dict[str, object] = {name: CATALOGUE[name] for name in names}
    formats |= {name: CATALOGUE[name] for name in ("SMX_INT4", "SMX_INT8", "SMX_INT12")}
    formats |= {"SMX_INT8 8x8": Block(element=INT8, tile=(8, 8)), "INT8": INT8, "BF16": BF16}
    formats |= {"OFP8_E4M3": OFP8_E4M3, "INT16 4x4": CATALOGUE["SMX_INT16"]}
    out = np.zeros_like(x)
    for name, format in formats.items():
        cast = Cast(format=format)  # type: ignore[arg-type]
        yield f"quantize {name}", partial(cast.quantize, x, out=out)
        codes = np.zeros(x.shape, cast.element.code_dtype)
        yield f"encode {name}", partial(cast.encode, x, out=codes)
        yield f"decode {name}", partial(cast.encode(x).values, out=out)
    yield "copy fresh", lambda: copy_on_all_threads(x, np.empty_like(x))()
    mx = Cast(format=MXFP8_E4M3)
    yield "quantize MXFP8_E4M3 fresh", partial(mx.quantize, x)
    yield "encode MXFP8_E4M3 fresh", partial(mx.encode, x)
    yield "encode BF16 fresh", partial(Cast(format=BF16).encode, x)
    yield "decode MXFP8_E4M3 fresh", partial(mx.encode(x).values, np.float32)
    yield "pack MXFP4_E2M1", Cast(format=MXFP4_E2M1).encode(x).pack
    affine = Cast(format=Affine(element=INT8, scale=(0.03125,), zero_point=(3,)))
    yield "quantize Affine int8", partial(affine.quantize, x, out=out)
    yield "encode Affine int8", partial(affine.encode, x, out=np.zeros(x.shape, np.int8))
    yield "decode Affine int8", partial(affine.encode(x).values, out=out)
    bits = RandomBits(seed=0)
    for name in ("MXFP8_E4M3", "SMX_INT8"):
        random = Cast(format=CATALOGUE[name], rounding=Rounding.STOCHASTIC, random_bits=16)
        yield f"quantize {name} stochastic", partial(random.quantize, x, rng=bits, out=out)
    away = Cast(format=MXFP8_E4M3, rounding=Rounding.NEAREST_AWAY)
    yield "quantize MXFP8_E4M3 ties away", partial(away.quantize, x, out=out)
    yield "quantize MXFP8_E4M3 float64", partial(mx.quantize, x * 1.0)


def peers(x: Array) -> Iterator[tuple[str, Work]]:
    """The same matrix through other libraries, there and back."""
    if find_spec("ml_dtypes"):
        import ml_dtypes

        yield "ml_dtypes float8_e4m3fn", lambda: x.astype(ml_dtypes.float8_e4m3fn).astype(x.dtype)
    if find_spec("torch"):
        import torch

        tensor = torch.from_numpy(x)
        torch.set_num_threads(thread_count())
        yield "torch float8_e4m3fn", lambda: tensor.to(torch.float8_e4m3fn).to(torch.float32)
        scale, zero = 0.03125, 3
        fake = partial(torch.fake_quantize_per_tensor_affine, tensor, scale, zero, -128, 127)
        yield "torch fake_quantize int8", fake


def small(repeats: int) -> list[Row]:
    """10^4 elements in one call, to copying them."""
    x = np.random.default_rng(1).standard_normal((50, 200), np.float32)
    cast = Cast(format=MXFP8_E4M3)
    y = np.empty_like(x)
    work: dict[str, Work] = {
        "quantize 10^4 elements": partial(cast.quantize, x),
        "encode 10^4": partial(cast.encode, x),
    }
    return measured(work, partial(np.copyto, y, x), 200 * repeats)


def starting(repeats: int) -> list[Row]:
    """Whole processes: importing formats, and a first call with a warm cache, to importing NumPy.

    The first encode of a process imports numba and reads compiled code from the disk.
    """

    def python(code: str) -> Work:
        return partial(subprocess.run, [sys.executable, "-c", code], check=True)

    work: dict[str, Work] = {
        "process: import bitpde.formats": python("import bitpde.formats"),
        "process: first encode, warm cache": python(_FIRST_CALL),
    }
    return measured(work, python("import numpy"), repeats)


def main() -> None:
    """Print the table, or with ``--json`` one object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--side", type=int, default=4096, help="of the square matrix")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", default="", help="candidates whose name holds this text")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    x = np.random.default_rng(0).standard_normal((options.side, options.side), np.float32)
    candidates = {n: w for n, w in [*ours(x), *peers(x)] if options.only in n}
    rows = measured(candidates, copy_on_all_threads(x, np.zeros_like(x)), options.repeats)
    if not options.only:
        rows += [*small(options.repeats), *starting(options.repeats)]
    if options.json:
        print(json.dumps({"threads": thread_count(), "rows": [row._asdict() for row in rows]}))
        return
    print(f"{thread_count()} threads, float32 {options.side} squared; ratio to copying it on them")
    for row in rows:
        print(f"{row.work:36s} {row.milliseconds:10.3f} ms  {row.ratio:8.2f} x")


if __name__ == "__main__":
    main()
