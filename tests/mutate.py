"""Plant every listed fault in a copy of the checkout, and require that the tests fail of it.

    python tests/mutate.py --log mutations.jsonl
    python tests/mutate.py --log mutations.jsonl --faults emu

The checkout itself is never edited.  Each selection of tests is first run without a fault, and has
to pass; then each fault is planted alone, and its selection has to fail: exit status 1 of pytest,
not an error of collection, not a timeout.  A log is read first, so that an interrupted run goes on.
The exit status is 0 if every fault was caught, 1 if one was not, 2 for bad words.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from mutation_faults import ROOT, Fault, Selection, all_faults, key_of, list_names, sources

#: Seconds after which a run of a few tests is taken to hang.
TIMEOUT = 600
_VERDICTS = {0: "passed", 1: "failed"}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the tests said; ``verdict`` is passed, failed, timeout or the status of pytest."""

    key: str
    id: str
    verdict: str
    seconds: float
    first: str = ""


def copied(folder: Path) -> Path:
    """A copy of the checkout in ``folder``, under the name of the package."""
    copy = folder / "bitpde"
    for path in sources():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, copy / path)
    return copy


def run_planted(fault: Fault, key: str) -> Result:
    """Run the selection of a fault in a copy of its own that has it."""
    with tempfile.TemporaryDirectory() as name:
        copy = copied(Path(name).resolve())
        source = copy / fault.file
        source.write_text(fault.planted(source.read_text("utf-8")), "utf-8")
        return run(copy, fault.selection, fault.id, key)


def run(copy: Path, selection: Selection, name: str, key: str) -> Result:
    """Run tests of a copy of the checkout."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy.parent),
        "NUMBA_CACHE_DIR": str(copy.parent / "numba"),
        "NUMBA_DISABLE_JIT": str(int(not selection.compiled)),
        "PYTEST_ADDOPTS": "",
    }
    require_copy(copy, environment)
    options = ["-x", "--tb=no", "-q", "-rfE", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, *selection.arguments]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, timeout=TIMEOUT, capture_output=True, text=True
        )
        verdict = _VERDICTS.get(done.returncode, f"status {done.returncode}")
        lines = [x for x in done.stdout.splitlines() if x.startswith(("FAILED ", "ERROR "))]
    except subprocess.TimeoutExpired:
        verdict, lines = "timeout", []
    seconds = round(time.monotonic() - start, 1)
    first = lines[0].split(" ", 1)[1].split(" - ")[0] if lines else ""
    say(f"{verdict:8} {seconds:6.1f} s  {name}")
    return Result(key=key, id=name, verdict=verdict, seconds=seconds, first=first)


@cache
def is_met(needs: str) -> bool:
    """Whether a function of the package says so of this processor."""
    module, function = needs.split(":")
    script = f"from {module} import {function}; raise SystemExit(not {function}())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    return (
        subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
    )


def require_copy(copy: Path, environment: dict[str, str]) -> None:
    """Require that the tests will import the copy, not an installed package."""
    command = [sys.executable, "-c", "import bitpde; print(bitpde.__file__)"]
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=True
    )
    if Path(done.stdout.strip()).resolve() != copy / "__init__.py":
        msg = f"tests would import {done.stdout.strip()}, not the copy {copy}: uninstall that"
        raise RuntimeError(msg)


class Log:
    """Results by key, from a file of JSON lines if there is one, to which new ones are added."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
        results = [Result(**json.loads(line)) for line in lines]
        self.results = {result.key: result for result in results}

    def get(self, key: str) -> Result | None:
        return self.results.get(key)

    def add(self, result: Result) -> Result:
        self.results[result.key] = result
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result)) + "\n")
        return result


def sound(selections: Sequence[Selection], log: Log, jobs: int) -> list[Result]:
    """The results of the selections without a fault, all in one copy, so with one compilation."""
    with tempfile.TemporaryDirectory() as name:
        copy = copied(Path(name).resolve())

        def one(selection: Selection) -> Result:
            key, name = key_of(None, selection), f"no fault: {' '.join(selection.arguments)}"
            return log.get(key) or log.add(run(copy, selection, name, key))

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, selections))


def faulty(faults: Sequence[Fault], log: Log, jobs: int) -> list[Result]:
    """The results of the selections with their faults, each in a copy of its own."""

    def one(fault: Fault) -> Result:
        key = key_of(fault, fault.selection)
        if fault.needs and not is_met(fault.needs):
            return Result(key=key, id=fault.id, verdict="not run", seconds=0.0)
        return log.get(key) or log.add(run_planted(fault, key))

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, faults))


def report(results: Mapping[str, Sequence[tuple[Fault, Result]]]) -> str:
    """Markdown of lists of faults: how many each has and how many were caught, and each fault."""
    lines = ["| list | faults | caught | not run | minutes |", "|---|--:|--:|--:|--:|"]
    for name, those in results.items():
        found = [result for _, result in those]
        caught = sum(result.verdict == "failed" for result in found)
        left = sum(result.verdict == "not run" for result in found)
        minutes = sum(result.seconds for result in found) / 60
        cells = f"[{name}](#{name})", len(found), caught, left, f"{minutes:.0f}"
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    for name, those in results.items():
        lines += ["", f"## {name}", "", *table(those)]
    return "\n".join(lines)


def table(results: Sequence[tuple[Fault, Result]]) -> list[str]:
    """The rows of one list: each fault, and the first test that failed of it."""
    lines = ["| fault | file | mistake | first test that failed | s |", "|---|---|---|---|--:|"]
    for fault, result in results:
        test = result.first.replace("tests/", "").replace("|", "\\|")
        said = f"`{test}`" if result.verdict == "failed" else f"**{result.verdict}**"
        mistake = fault.mistake.replace("|", "\\|")
        cells = fault.id, f"`{fault.file}`", mistake, said, f"{result.seconds:.0f}"
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python tests/mutate.py", description=__doc__)
    parser.add_argument(
        "--faults", action="append", metavar="LIST", choices=list_names(),
        help=f"this list of tests/mutations ({', '.join(list_names())}); all if left out",
    )  # fmt: skip
    parser.add_argument("--only", action="append", metavar="ID", help="this fault; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="copies tested at a time (1)")
    parser.add_argument("--log", type=Path, help="JSON lines that a later run goes on from")
    parser.add_argument("--table", action="store_true", help="print the results as Markdown")
    given = parser.parse_args(words)
    faults = all_faults(given.faults or ())
    if given.only:
        unknown = set(given.only) - {fault.id for fault in faults}
        if unknown:
            parser.error(f"no fault is called {', '.join(sorted(unknown))}")
        faults = [fault for fault in faults if fault.id in given.only]
    log = Log(given.log)
    selections = list(dict.fromkeys(fault.selection for fault in faults))
    broken = [each for each in sound(selections, log, given.jobs) if each.verdict != "passed"]
    for result in broken:
        say(f"not passed ({result.verdict}): {result.id}")
    if broken:
        return 1
    results = faulty(faults, log, given.jobs)
    if given.table:
        of = {fault: (fault, result) for fault, result in zip(faults, results, strict=True)}
        lists = {
            name: [of[fault] for fault in all_faults([name]) if fault in of]
            for name in given.faults or list_names()
        }
        sys.stdout.write(report({name: those for name, those in lists.items() if those}) + "\n")
    run_here = [result for result in results if result.verdict != "not run"]
    missed = [result for result in run_here if result.verdict != "failed"]
    for result in missed:
        say(f"not caught ({result.verdict}): {result.id}")
    left = len(faults) - len(run_here)
    rest = f"; {left} need another processor" if left else ""
    say(f"{len(run_here) - len(missed)} of {len(run_here)} faults caught{rest}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
