"""A training step of each operator network: ours and torch's in turn, in one process.

python benchmarks/bench_operators.py [--repeats 5] [--threads 2] [--cpu] [--profile] [names ...]

A step is forward pass, backward pass and Adam, of networks of usual sizes on random fields.
"float" is the datapath fp32 without a plan; "w8a8" has learned quantizers at every operand of a
product, and its peer torch's fake quantization with learned scales and zero points at the same
places.  Each round times one step of each of the four; a ratio is the median of the ratios of its
rounds.  Where torch cannot be imported there are no ratios.  ``--cpu`` counts the processor time of
the process instead of the time that passes, on one thread: on a machine that others use, what
passes says little, and threads that wait for each other lose more of it than those that do not.
``--profile`` says instead where our time goes.
"""

import argparse
import cProfile
import json
import pstats
import statistics
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np

from bitpde.formats import set_thread_count
from bitpde.pde import keep_freed_memory
from bitpde.pde.operators import (
    FNO,
    OperatorNetwork,
    OperatorRun,
    Samples,
    Scaling,
    Transformer,
    UNet,
    calibrated,
    training_step,
)
from bitpde.pde.operators.quantization import Quantization
from bitpde.pde.qat import Plan, Ranges

Step = Callable[[], object]

#: Each network with its batch and grid.
CASES: dict[str, tuple[OperatorNetwork, tuple[int, ...]]] = {
    "fno-1d": (FNO(inputs=1, outputs=1, dimension=1, modes=(16,), width=64), (16, 256)),
    "fno-2d": (FNO(inputs=1, outputs=1, dimension=2, modes=(12, 12), width=32), (8, 64, 64)),
    "unet-1d": (UNet(inputs=1, outputs=1, dimension=1), (16, 256)),
    "unet-2d": (UNet(inputs=1, outputs=1, dimension=2, width=16), (8, 64, 64)),
    "transformer-1d": (Transformer(inputs=1, outputs=1, dimension=1), (16, 256)),
    "transformer-2d": (Transformer(inputs=1, outputs=1, dimension=2), (8, 32, 32)),
    "softmax-1d": (Transformer(inputs=1, outputs=1, dimension=1, attention="softmax"), (16, 256)),
}


class Case:
    """One network under one plan, its data, and its quantizers with their first ranges."""

    def __init__(self, name: str, plan: Plan | None) -> None:
        network, shape = CASES[name]
        rng = np.random.default_rng(0)
        x = rng.standard_normal((*shape, 1))
        samples = Samples(inputs=x, targets=np.roll(x, 1, axis=1) + 0.5 * x)
        scaling = Scaling.of(samples)
        self.run = OperatorRun(network=network, scaling=scaling, data="random", plan=plan)
        self.batch = scaling.scaled(samples)
        arrays = network.initialize(self.run.stream("initialization"), np.float32)
        self.quantization: Quantization = calibrated(self.run, arrays, self.batch)
        self.arrays = {**arrays, **self.quantization.arrays(np.float32)}

    def ours(self) -> Step:
        arrays, state = self.arrays, self.run.optimizer.init(list(self.arrays.values()))

        def step() -> None:
            nonlocal arrays, state
            made = training_step(self.run, self.quantization, arrays, state, self.batch, 1e-3)
            arrays, state = made[:2]

        return step

    def theirs(self) -> Step:
        import torch
        from torch_networks import Peer

        peer = Peer(self.run.network, self.arrays, self.quantization)
        fields = (self.batch.inputs, self.batch.targets)
        x, y = (torch.tensor(np.float32(np.moveaxis(each, -1, 1))) for each in fields)
        return lambda: peer.step(x, y)


def plans() -> dict[str, Plan | None]:
    ranges = Ranges(rule="minmax")
    w8a8 = Plan(weight_bits=8, activation_bits=8, weight_ranges=ranges, activation_ranges=ranges)
    return {"float": None, "w8a8": w8a8}


def seconds(step: Step, clock: Callable[[], float]) -> float:
    start = clock()
    step()
    return clock() - start


def measured(
    name: str, repeats: int, clock: Callable[[], float], *, with_peer: bool
) -> dict[str, Any]:
    """Medians in milliseconds, and medians of ratios."""
    steps: dict[str, Step] = {}
    for plan, each in plans().items():
        case = Case(name, each)
        steps[plan] = case.ours()
        if with_peer:
            steps[f"torch {plan}"] = case.theirs()
    for step in steps.values():  # what compiles, and what makes room
        step()
        step()
    rounds = [
        {label: seconds(step, clock) for label, step in steps.items()} for _ in range(repeats)
    ]
    found: dict[str, Any] = {"network": name}
    for label in steps:
        found[label] = 1e3 * statistics.median(times[label] for times in rounds)
    pairs = [("float", "torch float"), ("w8a8", "torch w8a8"), ("w8a8", "torch float")]
    for one, other in pairs if with_peer else []:
        found[f"{one} / {other}"] = statistics.median(t[one] / t[other] for t in rounds)
    return found


def profile(name: str) -> None:
    for plan, each in plans().items():
        step = Case(name, each).ours()
        step()
        watched = cProfile.Profile(process_time)
        watched.enable()
        step()
        watched.disable()
        print(f"{name} {plan}")
        pstats.Stats(watched).sort_stats("tottime").print_stats(25)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    threads = 1 if options.cpu or options.profile else options.threads
    clock = process_time if options.cpu else perf_counter
    keep_freed_memory()  # as the commands that train do, and for both
    set_thread_count(threads)
    try:
        import torch
    except ImportError:
        torch = None
    else:
        torch.set_num_threads(threads)
    for name in options.names or CASES:
        if options.profile:
            profile(name)
            continue
        row = measured(name, options.repeats, clock, with_peer=torch is not None)
        if options.json:
            print(json.dumps(row), flush=True)
            continue
        cells = [f"{row.pop('network'):15}"]
        cells += [f"{k} {v:.2f}" if "/" in k else f"{k} {v:.1f} ms" for k, v in row.items()]
        print("  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
