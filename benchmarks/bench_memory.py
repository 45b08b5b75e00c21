"""Peak memory of one training step on a large Stein batch, and how much of it `rows` decides.

python benchmarks/bench_memory.py [--problem heat] [--datapath smx8] [--pairs 1000] [--points 100]
                                  [--rows 65536 1000000]

One fresh process for each number of rows: what is printed is the most that it ever held, the
interpreter and its libraries included.
"""

import argparse
import resource
import subprocess
import sys

from bitpde.emu import preset
from bitpde.pde import Run, SteinMonteCarlo, initial_state, problem_named, training_step


def main() -> None:
    """Run one step in a process of its own for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default="heat")
    parser.add_argument("--datapath", default="smx8")
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--rows", type=int, nargs="+", default=[2**16, 10**6])
    arguments = parser.parse_args()
    if len(arguments.rows) == 1:
        _measure(arguments)
        return
    settings = ("problem", "datapath", "pairs", "points")
    given = [f"--{name}={getattr(arguments, name)}" for name in settings]
    for rows in arguments.rows:
        subprocess.run([sys.executable, __file__, *given, "--rows", str(rows)], check=True)


def _measure(arguments: argparse.Namespace) -> None:
    run = Run(
        problem=problem_named(arguments.problem),
        datapath=preset(arguments.datapath),
        engine=SteinMonteCarlo(sigma=0.01, pairs=arguments.pairs),
        domain_points=arguments.points,
        rows=arguments.rows[0],
        steps=1,
    )
    training_step(run, initial_state(run))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    batch = arguments.points * run.engine.rows(run.problem.derivatives)
    print(
        f"{run.problem.name} on {run.datapath.name}, {run.network.widths}: {batch:,} rows, "
        f"{run.rows:,} at a time: peak {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
