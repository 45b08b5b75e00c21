"""Networks of integers against the same networks in FP32: milliseconds for a batch.

    python benchmarks/bench_integers.py [repeats]

Sizes are the usual ones: FNO with 16 modes and width 64 on 256 cells, 12 by 12 modes and width 32
on 64 by 64; UNet of width 16; Transformer of width 64.  Weights and activations have 8 bits.  FP32
is `Tape(preset("fp32"))`, without quantizers; "simulator" the same with them.  The time is the
least of some repeats (default 5) after one that compiles.
"""

import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np

from bitpde.emu import Tape, preset
from bitpde.formats import set_thread_count
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


def least(work: Callable[[], object], repeats: int) -> float:
    """The least time in milliseconds, after one run that may compile."""
    work()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return 1e3 * min(times)


def main(repeats: int = 5, only: str = "") -> None:
    set_thread_count(2)
    rng = np.random.default_rng(0)
    print(f"{'ms for a batch':16} {'fp32':>9} {'simulator':>10} {'int8':>9} {'fp32 / int8':>12}")
    for name, (network, space, batch) in CASES.items():
        if only not in name:
            continue
        x = rng.standard_normal((batch, *space, 1)).astype(np.float32)
        samples = Samples(inputs=x, targets=x)
        run = OperatorRun(
            network=network, scaling=Scaling.of(samples), data="noise", plan=Plan.named("w8a8")
        )
        first = network.initialize(run.stream("initialization"), np.float32)
        few = Samples(inputs=x[:2], targets=x[:2])
        quantization = calibrated(run, first, few)
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
        line = f"{name:16} {plain:9.1f} {simulator:10.1f} {ours:9.1f} {plain / ours:12.2f}"
        print(line, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:3])
