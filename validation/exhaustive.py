"""``python -m bitpde.validation.exhaustive``: casts held to rational arithmetic on every float32.

For every scalar format of at most 8 bits, every deterministic rounding and every lawful overflow
policy, ``Cast.encode`` is compared on all 2^32 bit patterns with a staircase of breakpoints found
in rational arithmetic (``breakpoints.py``).  A log makes it resumable.  Results go to standard
output, progress and errors to standard error.
"""

import argparse
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ..formats import Cast, FormatError, Overflow, Rounding, thread_count
from .breakpoints import PATTERNS, staircase
from .json_lines import append
from .sweep import Tally, check_every, check_some
from .sweep_log import Line, answer, line_of, lines, table
from .sweep_workers import worker_processes
from .targets import lawful_casts, targets

Advance = Callable[[int], object]
Answer = Callable[[], Line]
Measure = Callable[[str, Cast], Answer]

#: Casts that are looked at before the first of them has an answer.
_AHEAD = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this check to a parser."""
    modes = [mode.value for mode in Rounding if not mode.is_stochastic]
    choices = {
        "formats": list(targets()),
        "roundings": modes,
        "overflows": [policy.value for policy in Overflow],
    }
    for option, names in choices.items():
        parser.add_argument(
            f"--{option}", nargs="+", metavar="NAME", choices=names,
            help=f"only these: {', '.join(names)}",
        )  # fmt: skip
    parser.add_argument(
        "--sample", type=int, metavar="N",
        help="check N spaced inputs and the neighbours of every breakpoint, not all 2^32",
    )  # fmt: skip
    parser.add_argument("--log", type=Path, metavar="FILE", help="skip what it has, add the rest")
    parser.add_argument("--json", action="store_true", help="write JSON to standard output")
    parser.add_argument("--table", action="store_true", help="write the log as a Markdown table")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the check that the arguments describe; 1 if anything differs.

    Raises
    ------
    FormatError
        If the arguments make no sense, or the log is no log.
    """
    if arguments.sample is not None and not 1 <= arguments.sample < PATTERNS:
        msg = f"--sample is {arguments.sample}: give 1 to {PATTERNS - 1}, or leave it out for all"
        raise FormatError(msg)
    if arguments.table:
        if arguments.log is None:
            msg = "--table shows a log: name it with --log FILE"
            raise FormatError(msg)
        found = lines(arguments.log)
        sys.stdout.write("\n".join(table(found)) + "\n")
    else:
        found = _check(arguments)
    return 1 if any(line["mismatches"] for line in found) else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, 1 a mismatch, 2 bad usage, 130 interrupted.

    Examples
    --------
    >>> main(["--formats", "INT4", "--roundings", "up", "--overflows", "raise", "--sample", "999"])
    INT4 up raise: 1089 inputs, 0 mismatches
    1 casts, 1089 inputs, 0 mismatches
    0
    """
    parser = argparse.ArgumentParser(
        prog="bitpde.validation.exhaustive", description=(__doc__ or "").split("\n\n")[1]
    )
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except FormatError as error:
        sys.stderr.write(f"bitpde: error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("bitpde: interrupted: run the same command to go on from its --log\n")
        return 130


def _check(arguments: argparse.Namespace) -> list[Line]:
    """Check the chosen casts and show each result; return their lines."""
    chosen = list(_chosen(arguments))
    known = [] if arguments.log is None else lines(arguments.log)
    inputs = arguments.sample or PATTERNS
    logged = {id(line) for line in known}
    results = []
    with (
        _progress(len(chosen) * inputs, arguments.json) as advance,
        _measuring(arguments.sample, len(chosen), advance) as measure,
    ):
        for line in _answers(chosen, known, inputs, measure):
            if arguments.log is not None and id(line) not in logged:
                append(arguments.log, line)
            results.append(line)
            if not arguments.json:
                sys.stdout.write(_said(line) + "\n")
    _summarize(results, as_json=arguments.json)
    return results


def _answers(
    chosen: list[tuple[str, Cast]], known: list[Line], inputs: int, measure: Measure
) -> Iterator[Line]:
    """The line of each cast, in order, while a few of the next ones are being measured."""
    alike: dict[Any, tuple[Cast, Answer]] = {}
    waiting: deque[Answer] = deque()
    for name, cast in chosen:
        line = answer(known, cast, inputs)
        found = partial(_itself, line) if line else _same(name, cast, alike)
        if found is None:
            found = cache(measure(name, cast))
        alike.setdefault(_computation(name, cast), (cast, found))
        waiting.append(found)
        if len(waiting) > _AHEAD:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


@contextmanager
def _measuring(sample: int | None, casts: int, advance: Advance) -> Iterator[Measure]:
    """How to begin measuring a cast: in a process of its own if there are many to be swept."""
    if sample is not None or casts == 1 or thread_count() == 1:
        yield lambda name, cast: partial(_measured, name, cast, sample, advance)
        return
    with worker_processes(thread_count()) as pool:

        def measure(name: str, cast: Cast) -> Answer:
            future = pool.submit(_measured, name, cast, sample)
            future.add_done_callback(lambda _: advance(PATTERNS))
            return future.result

        yield measure


def _computation(name: str, cast: Cast) -> tuple[Any, ...]:
    """All that the kernels are told: casts that agree in it are one function of the input."""
    plan = cast.plan
    element, even, kind = plan.vector_words
    words = (*element.tolist(), *even.tolist(), *plan.rounding_words.tolist())
    return name, cast.rounding, plan.element_integers, *words, kind, int(plan.low_words[1])


def _same(name: str, cast: Cast, alike: dict[Any, tuple[Cast, Answer]]) -> Answer | None:
    """The answer of a policy that is the same computation and has the same staircase.

    Below an overflow policy there may be nothing that tells it from another one: a format without
    infinities saturates them whatever the policy is called.
    """
    if _computation(name, cast) not in alike:
        return None
    other, its_answer = alike[_computation(name, cast)]
    mine, its = staircase(cast), staircase(other)
    if not np.array_equal(mine.starts, its.starts) or not np.array_equal(
        mine.outcomes, its.outcomes
    ):
        return None
    return cache(partial(_copied, name, cast, its_answer))


def _itself(line: Line) -> Line:
    return line


def _copied(name: str, cast: Cast, its_answer: Answer) -> Line:
    line = its_answer()
    tally = Tally(inputs=line["inputs"], mismatches=line["mismatches"])
    return {**line_of(name, cast, tally, 0.0), "first": line["first"], "same_as": line["overflow"]}


def _chosen(arguments: argparse.Namespace) -> Iterator[tuple[str, Cast]]:
    for name, format in targets().items():
        for cast in lawful_casts(format):
            if (
                name in (arguments.formats or [name])
                and cast.rounding.value in (arguments.roundings or [cast.rounding.value])
                and cast.overflow.value in (arguments.overflows or [cast.overflow.value])
            ):
                yield name, cast


def _measured(name: str, cast: Cast, sample: int | None, advance: Advance = int) -> Line:
    begin = time.perf_counter()
    if sample is None:
        tally: Tally = check_every(cast, progress=advance)
    else:
        tally = check_some(cast, sample)
        advance(sample)
    return line_of(name, cast, tally, time.perf_counter() - begin)


def _said(line: Line) -> str:
    what = f"{line['format']} {line['rounding']} {line['overflow']}"
    counts = f"{line['inputs']} inputs, {line['mismatches']} mismatches"
    return "\n  ".join([f"{what}: {counts}", *line["first"]])


def _summarize(results: list[Line], *, as_json: bool) -> None:
    inputs = sum(line["inputs"] for line in results)
    wrong = sum(line["mismatches"] for line in results)
    if as_json:
        summary = {"inputs": inputs, "mismatches": wrong, "casts": results}
        sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    else:
        sys.stdout.write(f"{len(results)} casts, {inputs} inputs, {wrong} mismatches\n")


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Advance]:
    """Show a bar on standard error, on a terminal that has rich; yields what moves it on."""
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield int
        return
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as progress:
        task: Any = progress.add_task("float32 inputs", total=total)
        yield lambda inputs: progress.advance(task, inputs)


if __name__ == "__main__":
    sys.exit(main())
