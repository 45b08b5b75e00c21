"""On a Dask cluster a study finds what it finds here, also when a worker is killed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import cell_stub
import pytest
from cell_stub import COUNT, SQUARES, asked

from bitpde.pde import RunError
from bitpde.validation import Cluster, run_study

pytestmark = pytest.mark.study


@contextmanager
def dask(folder: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of Dask that can import the functions that measure."""
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(Path(cell_stub.__file__).parent)])
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
        env={**os.environ, "PYTHONPATH": path}, cwd=folder, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address_of(scheduler: "subprocess.Popen[str]") -> str:
    lines: list[str] = []
    for line in scheduler.stderr or ():
        lines.append(line)
        found = re.search(r"Scheduler at:\s*(tcp://\S+)", line)
        if found:
            return found[1]
    raise AssertionError("".join(lines))


def test_two_workers_one_of_which_is_killed_lose_nothing(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("matplotlib")
    study, folder = replace(SQUARES, measure=cell_stub.square_or_die), tmp_path / "study"
    with ExitStack() as stack:
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        scheduler = stack.enter_context(dask(tmp_path, "scheduler", *words))
        address = address_of(scheduler)
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
        workers = [
            stack.enter_context(dask(tmp_path, "worker", address, *options)) for _ in range(2)
        ]
        results = run_study(study, folder, tier="smoke", seeds=1, workers=Cluster(address))
        assert sorted(worker.poll() is None for worker in workers) == [False, True]
    assert [r["square"] for r in results] == [n * n for n in range(COUNT)]
    assert asked(folder, 2) == 2
    assert all(asked(folder, n) >= 1 for n in range(COUNT))


def test_a_scheduler_that_is_not_there_is_an_error() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(RunError, match=r"no scheduler at tcp://127\.0\.0\.1:9"):
        Cluster("tcp://127.0.0.1:9", patience=1.0)
