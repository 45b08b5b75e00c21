"""A training step with Stein's estimator: on a machine of integers, in floats, and by others.

python benchmarks/bench_stein.py [--pairs 20 512] [--points 64] [--width 256] [--repeats 5] [--cpu]

A step draws points, finds the smoothed Laplacian of Poisson's problem from antithetic pairs at
each of them, adds the boundary, goes backwards, and moves the parameters by Adam.  The peers are
the same step as one would write it in plain NumPy float32, and in torch on the processor.  Then a
layer of tensor trains by each of its plans, forwards and backwards, against the matrix in its
place.  Each round times all of them in turn; a ratio is the median of the ratios of its rounds.
``--cpu`` counts processor time, on one thread (NumPy's with OPENBLAS_NUM_THREADS=1): what passes
says little on a machine that others use.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitpde.emu import Tape, preset
from bitpde.formats import set_thread_count
from bitpde.pde import (
    MLP,
    Differences,
    Poisson,
    Run,
    SteinMonteCarlo,
    compressed,
    initial_state,
    keep_freed_memory,
    training_step,
)
from bitpde.tt import TTForm, TTPlan

Array = NDArray[np.float32]
Step = Callable[[], object]

SIGMA, WEIGHT, RATE = 0.1, 300.0, 1e-3
#: Rows of a batch through a layer.
BATCHES = (256, 1024, 4096, 16384)


def ours(
    name: str, network: MLP, points: int, pairs: int, differences: Differences = Differences.PARTS
) -> Step:
    """A step of the training itself on a datapath, each from where the last one ended."""
    engine = SteinMonteCarlo(sigma=SIGMA, pairs=pairs)
    run = Run(
        problem=Poisson(),
        datapath=preset(name),
        engine=engine,
        network=network,
        differences=differences,
        steps=10**6,
        domain_points=points,
        condition_points=points,
    )
    state = initial_state(run)

    def step() -> None:
        nonlocal state
        state = training_step(run, state)[0]

    return step


class Batch:
    """The random points of a step, their offsets, and what estimates make of the nodes' values."""

    def __init__(self, points: int, pairs: int) -> None:
        self.rng = np.random.default_rng(0)
        self.points, self.pairs = points, pairs

    def rows(self, points: Array) -> tuple[Array, Array]:
        """Rows for the network, the points first, and |delta|^2 of all pairs."""
        delta = self.rng.standard_normal((len(points), self.pairs, 2), np.float32)
        delta *= np.float32(SIGMA)
        up, down = points[:, None] + delta, points[:, None] - delta
        each = (points, up.reshape(-1, 2), down.reshape(-1, 2))
        return np.concatenate(each) - np.float32(0.5), (delta**2).sum(axis=2)

    def draw(self) -> tuple[Array, Array]:
        """Points in the square and points on its boundary."""
        inside = self.rng.random((self.points, 2), np.float32)
        edge = self.rng.random((self.points, 2), np.float32)
        side = self.rng.integers(4, size=self.points)
        edge[np.arange(self.points), side % 2] = side // 2
        return inside, edge


def exact(points: Array) -> Array:
    """The solution, (P,)."""
    return np.sin(points.sum(axis=1)) / 2


class InNumPy:
    """The step in plain NumPy float32: no tape, no casts, every node a row of the network."""

    def __init__(self, widths: Sequence[int], points: int, pairs: int) -> None:
        rng = np.random.default_rng(1)
        self.batch = Batch(points, pairs)
        self.parameters: list[Array] = []
        for m, n in pairwise(widths):
            scale = np.float32((2 / (m + n)) ** 0.5)
            self.parameters += [rng.standard_normal((m, n), np.float32) * scale]
            self.parameters += [np.zeros(n, np.float32)]
        self.moments = [[np.zeros_like(p) for p in self.parameters] for _ in range(2)]
        self.count = 0

    def step(self) -> None:
        inside, edge = self.batch.draw()
        gradients = [np.zeros_like(p) for p in self.parameters]
        self._residual(inside, gradients)
        self._boundary(edge, gradients)
        self._move(gradients)

    def _residual(self, points: Array, gradients: list[Array]) -> None:
        rows, square = self.batch.rows(points)
        hidden = self._forward(rows)
        middle, up, down = self._parts(hidden[-1])
        weights = (square - np.float32(2 * SIGMA**2)) / np.float32(2 * SIGMA**4 * self.batch.pairs)
        residual = (weights * (up + down - 2 * middle)).sum(axis=1) + 2 * exact(points)
        back = (np.float32(2 / len(points)) * residual)[:, None] * weights
        self._backward(hidden, [-2 * back.sum(axis=1), back, back], gradients)

    def _boundary(self, points: Array, gradients: list[Array]) -> None:
        rows, _ = self.batch.rows(points)
        hidden = self._forward(rows)
        _, up, down = self._parts(hidden[-1])
        error = (up + down).mean(axis=1) / 2 - exact(points)
        back = np.float32(2 * WEIGHT / len(points)) * error / np.float32(2 * self.batch.pairs)
        each = np.repeat(back[:, None], self.batch.pairs, axis=1)
        self._backward(hidden, [np.zeros_like(error), each, each], gradients)

    def _parts(self, values: Array) -> tuple[Array, Array, Array]:
        """Values at the points, (P, 1), and on both sides of them, (P, K)."""
        points, pairs = self.batch.points, self.batch.pairs
        middle, up, down = np.split(values[:, 0], (points, points * (pairs + 1)))
        return middle[:, None], up.reshape(points, pairs), down.reshape(points, pairs)

    def _forward(self, rows: Array) -> list[Array]:
        hidden = [rows]
        maps = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        for layer, (weight, bias) in enumerate(maps):
            signal = hidden[-1] @ weight
            signal += bias
            hidden.append(np.tanh(signal, out=signal) if layer < len(maps) - 1 else signal)
        return hidden

    def _backward(self, hidden: list[Array], back: list[Array], gradients: list[Array]) -> None:
        g = np.concatenate([part.reshape(-1, 1) for part in back]).astype(np.float32)
        for layer in reversed(range(len(hidden) - 1)):
            gradients[2 * layer] += hidden[layer].T @ g
            gradients[2 * layer + 1] += g.sum(axis=0)
            if layer:
                g = g @ self.parameters[2 * layer].T
                g *= 1 - hidden[layer] ** 2

    def _move(self, gradients: list[Array]) -> None:
        self.count += 1
        for p, g, m, v in zip(self.parameters, gradients, *self.moments, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            mean, size = m / (1 - 0.9**self.count), v / (1 - 0.999**self.count)
            p -= RATE * mean / (np.sqrt(size) + 1e-8)


def in_torch(widths: Sequence[int], points: int, pairs: int) -> Step:
    """The same step in torch."""
    import torch

    batch = Batch(points, pairs)
    layers: list[Any] = []
    for m, n in pairwise(widths):
        layers += [torch.nn.Linear(m, n), torch.nn.Tanh()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)

    def parts(at: Array) -> tuple[Any, Any, Any, Any]:
        rows, square = batch.rows(at)
        values = network(torch.from_numpy(rows))[:, 0]
        middle, up, down = values.split([points, points * pairs, points * pairs])
        shape = (points, pairs)
        return middle[:, None], up.view(shape), down.view(shape), torch.from_numpy(square)

    def step() -> None:
        inside, edge = batch.draw()
        optimizer.zero_grad(set_to_none=True)
        middle, up, down, square = parts(inside)
        weights = (square - 2 * SIGMA**2) / (2 * SIGMA**4 * pairs)
        laplacian = (weights * (up + down - 2 * middle)).sum(dim=1)
        residual = laplacian + 2 * torch.from_numpy(exact(inside))
        _, up, down, _ = parts(edge)
        error = (up + down).mean(dim=1) / 2 - torch.from_numpy(exact(edge))
        loss = residual.square().mean() + WEIGHT * error.square().mean()
        loss.backward()
        optimizer.step()

    return step


def layer(name: str, width: int, rank: int, plan: TTPlan | None, form: TTForm, rows: int) -> Step:
    """Forwards and backwards through one layer: its matrix, or the train in its place."""
    network = MLP(widths=(width, width))
    if plan is not None:
        network = compressed(network, rank, plan, form)
    run = Run(problem=Poisson(), datapath=preset(name))
    parameters = network.initialize(run.stream("initialization"), np.float32)
    x, g = np.random.default_rng(0).standard_normal((2, rows, width), np.float32)

    def step() -> object:
        tape = Tape(run.datapath)
        nodes = [tape.parameter(p) for p in parameters]
        given = tape.parameter(x)
        return tape.pullback(network.apply(nodes, given), g, [given, *nodes])

    return step


def seconds(step: Step, clock: Callable[[], float]) -> float:
    start = clock()
    step()
    return clock() - start


def measured(
    work: str,
    steps: dict[str, Step],
    pairs: Sequence[tuple[str, str]],
    repeats: int,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """Medians in milliseconds, and medians of ratios."""
    for step in steps.values():  # what compiles, and what makes room
        step()
        step()
    rounds = [{k: seconds(step, clock) for k, step in steps.items()} for _ in range(repeats)]
    found: dict[str, Any] = {"work": work}
    for label in steps:
        found[label] = 1e3 * statistics.median(times[label] for times in rounds)
    for one, other in pairs:
        found[f"{one} / {other}"] = statistics.median(t[one] / t[other] for t in rounds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pairs", type=int, nargs="+", default=[20, 512])
    parser.add_argument("--points", type=int, default=64)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    threads = 1 if options.cpu else options.threads
    clock = process_time if options.cpu else perf_counter
    keep_freed_memory()  # as the commands that train do, and for all
    set_thread_count(threads)
    try:
        import torch
    except ImportError:
        torch = None
    else:
        torch.set_num_threads(threads)

    def show(row: dict[str, Any]) -> None:
        if options.json:
            print(json.dumps(row), flush=True)
            return
        cells = [f"{row.pop('work'):34}"]
        cells += [f"{k} {v:.2f}" if "/" in k else f"{k} {v:.1f} ms" for k, v in row.items()]
        print("  ".join(cells), flush=True)

    widths = (2, *(options.width,) * 3, 1)
    for pairs in options.pairs:
        size = (options.points, pairs)
        network = MLP(widths=widths)
        steps = {
            "fp32 naive": ours("fp32", network, *size, Differences.NAIVE),
            "fp32": ours("fp32", network, *size),
            "smx8": ours("smx8", network, *size),
            "NumPy": InNumPy(widths, *size).step,
        }
        wanted = [(name, "NumPy") for name in ("fp32 naive", "fp32", "smx8")]
        if torch is not None:
            steps["torch"] = in_torch(widths, *size)
            wanted += [(name, "torch") for name in ("fp32 naive", "fp32", "smx8")]
        show(measured(f"step, {pairs} pairs", steps, wanted, options.repeats, clock))
    for name in ("fp32", "smx8"):
        for rows in BATCHES:
            steps = {"dense": layer(name, options.width, 0, None, TTForm.TT, rows)}
            for form in TTForm:
                for plan in TTPlan:
                    label = f"{form.name} {plan.value.replace('_', ' ')}"
                    steps[label] = layer(name, options.width, options.rank, plan, form, rows)
            wanted = [(label, "dense") for label in steps if label != "dense"]
            show(measured(f"layer on {name}, {rows} rows", steps, wanted, options.repeats, clock))


if __name__ == "__main__":
    main()
