"""Bit operations of quantized networks against the seconds that integers take.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_proxy.py [--picture FILE] [--json FILE]
        [--repeats 5] [--tier study] [--widths 3]

Networks are those of ``bitpde study qat``, with random parameters and ranges that noise has shown:
three kinds, on a line and in a plane, at three sizes and three resolutions, under each plan of the
paper that has an integer form.  Seconds are processor time of one thread for one sample of a
batch, the median of some repeats after one that compiles.  They are no bits: another machine, or
the same one at another time, gives others.  Tables are those of `proxy_study`; below them stands
what a plan does to both, compared with w8a8.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from bitpde.formats import set_thread_count
from bitpde.pde.integers import IntegerNetwork, exported
from bitpde.pde.operators import OperatorNetwork, OperatorRun, Samples, Scaling, calibrated
from bitpde.pde.qat import Plan
from bitpde.validation.cell_store import Finished
from bitpde.validation.operator_studies import proxy_study
from bitpde.validation.operator_studies.cell import ARCHITECTURES, SCENARIOS
from bitpde.validation.operator_studies.study import cell_of, widths

#: An equation with periodic fields for each dimension; coarser grids; plans that have integers.
EQUATIONS, REDUCTIONS, PLANS = ("burgers", "vorticity"), (1, 2, 4), SCENARIOS[:4]
#: Samples that go through a network at once, on a line and in a plane.
BATCH = (16, 4)


def integers_of(
    network: OperatorNetwork, plan: Plan, space: tuple[int, ...]
) -> tuple[IntegerNetwork, Any]:
    """A network of integers with random parameters, and codes for a batch."""
    shape = (BATCH[len(space) - 1], *space, network.inputs)
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    samples = Samples(inputs=x[:2], targets=x[:2])
    run = OperatorRun(network=network, scaling=Scaling.of(samples), data="noise", plan=plan)
    first = network.initialize(run.stream("initialization"), np.float32)
    quantization = calibrated(run, first, samples)
    arrays = {**first, **quantization.arrays(np.float32)}
    integers = exported(network, quantization, arrays, x[:2])
    return integers, integers.input.encode(x)


def timer(repeats: int) -> Callable[[OperatorNetwork, Plan, tuple[int, ...]], float]:
    """What times a sample of a network under a plan on a grid; the same question once."""

    @cache
    def seconds(network: OperatorNetwork, plan: Plan, space: tuple[int, ...]) -> float:
        integers, codes = integers_of(network, plan, space)
        integers.run(codes)
        times = []
        for _ in range(repeats):
            start = process_time()
            integers.run(codes)
            times.append(process_time() - start)
        return statistics.median(times) / len(codes)

    return seconds


def cells(tier: str, sizes: int) -> list[dict[str, Any]]:
    """Every network, size, resolution and plan."""
    return [
        cell_of(tier, pde, architecture, width, plan, 0, reduction=reduction)
        for pde, architecture in product(EQUATIONS, ARCHITECTURES)
        for width in widths("paper", pde, architecture)[:sizes]
        for reduction, plan in product(REDUCTIONS, PLANS)
    ]


def ratios(results: Sequence[Finished], key: str, plan: str, base: str) -> list[float]:
    """``key`` under one plan over that under another, for each network, size and resolution."""
    found: dict[Any, dict[str, float]] = {}
    for each in results:
        place = tuple(each[k] for k in ("pde", "architecture", "width", "reduction"))
        found.setdefault(place, {})[each["scenario"]] = each[key]
    return [of[plan] / of[base] for of in found.values()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tier", default="study", help="smoke, study or paper: sizes of grids")
    parser.add_argument("--widths", type=int, default=3, help="how many sizes of each network")
    options = parser.parse_args()
    set_thread_count(1)
    study = proxy_study(timer(options.repeats))
    results: list[Finished] = []
    for cell in cells(options.tier, options.widths):
        results.append({**cell, **study.measure(cell, Path())})
        if options.json:
            options.json.write_text(json.dumps(results, indent=1))
    print(study.table(results))
    for of in (*PLANS, "any plan"):
        its = [r for r in results if of in (r["scenario"], "any plan")]
        rank = spearmanr([r["bops"] for r in its], [r["seconds"] for r in its]).statistic
        print(f"{of}: {len(its)} settings, rank correlation {rank:.2f}")
    for plan in PLANS:
        bops, seconds = (
            statistics.geometric_mean(ratios(results, key, plan, "w8a8"))
            for key in ("bops", "seconds")
        )
        print(f"{plan} over w8a8: {bops:.2f} of the bit operations, {seconds:.2f} of the time")
    if options.picture:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        study.draw(figure, results)
        figure.savefig(options.picture, dpi=150)


if __name__ == "__main__":
    main()
