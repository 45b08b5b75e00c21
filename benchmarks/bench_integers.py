"""Networks of integers against the same networks in FP32: milliseconds for a batch.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_integers.py [repeats [case ...]]

Sizes are the usual ones: FNO with 16 modes and width 64 on 256 cells, 12 by 12 modes and width 32
on 64 by 64; UNet of width 16; Transformer of width 64.  Weights and activations have 8 bits.  FP32
is `Tape(preset("fp32"))`, without quantizers; "simulator" the same with them.  Times are those of
one thread, the least of some repeats (default 5) after one that compiles; CPU time does not count
what others do on the machine.
"""

import sys
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np

from bitpde.emu import Tape, preset
from bitpde.formats import set_thread_count
from bitpde.pde import keep_freed_memory
from bitpde.pde.integers import exported
from bitpde.pde.operators import (
    FNO,
    OperatorNetwork,
    OperatorRun,
    Quantization,
    Samples,
    Scaling,
    Transformer,
    UNet,
    calibrated,
)
from bitpde.pde.qat import Plan

CASES: dict[str, tuple[OperatorNetwork, tuple[int, ...], int]] = {
    "FNO 1-D": (FNO(inputs=1, outputs=1, dimension=1), (256,), 16),
    "FNO 2-D": (FNO(inputs=1, outputs=1, dimension=2, modes=(12, 12), width=32), (64, 64), 2),
    "UNet 1-D": (UNet(inputs=1, outputs=1, dimension=1, width=16), (256,), 16),
    "UNet 2-D": (UNet(inputs=1, outputs=1, dimension=2, width=16), (64, 64), 2),
    "Transformer 1-D": (Transformer(inputs=1, outputs=1, dimension=1), (256,), 16),
    "Transformer 2-D": (Transformer(inputs=1, outputs=1, dimension=2), (32, 32), 2),
}


def least(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The least time and the least time of processors, in milliseconds, after one that compiles."""
    work()
    times = []
    for _ in range(repeats):
        start = perf_counter(), process_time()
        work()
        times.append((perf_counter() - start[0], process_time() - start[1]))
    wall, used = (1e3 * min(column) for column in zip(*times, strict=True))
    return wall, used


def compare(name: str, repeats: int) -> str:
    """A line of the table."""
    network, space, batch = CASES[name]
    x = np.random.default_rng(0).standard_normal((batch, *space, 1)).astype(np.float32)
    samples = Samples(inputs=x[:2], targets=x[:2])
    run = OperatorRun(
        network=network, scaling=Scaling.of(samples), data="noise", plan=Plan.named("w8a8")
    )
    first = network.initialize(run.stream("initialization"), np.float32)
    quantization = calibrated(run, first, samples)
    arrays = {**first, **quantization.arrays(np.float32)}
    integers = exported(network, quantization, arrays, x[:2])
    codes = integers.input.encode(x)

    def on_tape(used: Quantization) -> None:
        tape = Tape(preset("fp32"))
        nodes = {key: tape.constant(array) for key, array in arrays.items()}
        network.apply(nodes, tape.constant(x), used.numerics(nodes))

    plain = least(lambda: on_tape(Quantization()), repeats)
    simulator = least(lambda: on_tape(quantization), repeats)
    ours = least(lambda: integers.run(codes), repeats)
    columns = (f"{a:8.0f} {b:8.0f}" for a, b in (plain, simulator, ours))
    ratios = " ".join(f"{a / b:8.2f}" for a, b in zip(plain, ours, strict=True))
    return f"{name:16} {' '.join(columns)} {ratios}"


def main(repeats: int = 5, *only: str) -> None:
    set_thread_count(1)
    keep_freed_memory()  # for all of them
    kinds = ("fp32", "simulator", "int8", "fp32 / int8")
    print(f"{'ms for a batch':16} " + " ".join(f"{kind:>17}" for kind in kinds))
    print(f"{'':16} " + " ".join(f"{'wall':>8} {'CPU':>8}" for _ in kinds))
    for name in only or CASES:
        print(compare(name, repeats), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
