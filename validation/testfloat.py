"""``python -m bitpde.validation.testfloat``: elementwise operations held to Berkeley TestFloat.

TestFloat 3e (John R. Hauser, BSD licence) makes operands that are hard on arithmetic, and the
results that its SoftFloat has for them.  Nothing of it is part of this package: build its program
``testfloat_gen`` and say where it is.  Every vector of binary16 is compared, under the six
roundings that both have; NaNs are equal to each other, since ours have no payload, and exception
flags are left out, since we raise none.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import elementwise
from ..formats import FP16, Cast, Coded, FormatError, Overflow, Rounding

#: TestFloat's name of every rounding.
ROUNDINGS = {
    "near_even": Rounding.NEAREST_EVEN,
    "minMag": Rounding.TOWARD_ZERO,
    "min": Rounding.DOWN,
    "max": Rounding.UP,
    "near_maxMag": Rounding.NEAREST_AWAY,
    "odd": Rounding.TO_ODD,
}
#: TestFloat's name of every operation, and how many operands it has.
OPERATIONS = {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "mulAdd": 3}
#: Comparisons, which round nothing: of what `compare` returns.
PREDICATES = {"eq": (0,), "le": (-1, 0), "lt": (-1,)}

_OURS: dict[str, Any] = {
    "add": elementwise.add, "sub": elementwise.subtract, "mul": elementwise.multiply,
    "div": elementwise.divide, "sqrt": elementwise.sqrt, "mulAdd": elementwise.fma,
}  # fmt: skip
_LINES = 1 << 18
_DIGITS = np.zeros(256, np.uint16)
_DIGITS[np.frombuffer(b"0123456789ABCDEF", np.uint8)] = np.arange(16)


@dataclass(kw_only=True)
class Count:
    """What was compared under one name, and the first vectors that differ."""

    name: str
    vectors: int = 0
    nans: int = 0
    mismatches: int = 0
    first: tuple[str, ...] = ()

    def describe(self) -> str:
        """The counts, and a line for each vector that is shown."""
        counts = f"{self.vectors} vectors, {self.nans} NaN, {self.mismatches} mismatches"
        return "\n  ".join([f"{self.name}: {counts}", *self.first])


def parse(text: bytes, operands: int, digits: int) -> list[NDArray[np.uint16]]:
    r"""The operands' codes and the result of every line; a result has 4 digits, or 1 if a truth.

    Raises
    ------
    FormatError
        If the lines do not have that form.

    Examples
    --------
    >>> [part.tolist() for part in parse(b"3C00 4000 1 00\n", 2, 1)]
    [[15360], [16384], [1]]
    """
    width = 5 * operands + digits + 4
    if len(text) % width or (text and text[width - 1] != 10):
        msg = f"{text[:40]!r} is no line of {operands} operands and a result: is it testfloat_gen?"
        raise FormatError(msg)
    lines = _DIGITS[np.frombuffer(text, np.uint8).reshape(-1, width)]
    starts = [(5 * n, 4) for n in range(operands)] + [(5 * operands, digits)]
    weights = {4: np.array([4096, 256, 16, 1], np.uint16), 1: np.array([1], np.uint16)}
    return [(lines[:, at : at + n] * weights[n]).sum(axis=1, dtype=np.uint16) for at, n in starts]


def vectors(
    program: Path, name: str, operands: int, digits: int, options: Sequence[str]
) -> Iterator[list[NDArray[np.uint16]]]:
    """TestFloat's vectors of one function, in blocks."""
    command = [str(program), *options, f"f16_{name}"]
    size = _LINES * (5 * operands + digits + 4)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        while run.stdout is not None and (text := run.stdout.read(size)):
            yield parse(text, operands, digits)
        said = b"" if run.stderr is None else run.stderr.read()
    if run.returncode:
        msg = f"{' '.join(command)} failed: {said.decode(errors='replace').strip()}"
        raise FormatError(msg)


def is_nan(codes: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Which codes of binary16 are NaN."""
    return np.asarray((codes & 0x7FFF) > 0x7C00)


def compare_operation(program: Path, name: str, mode: str, level: int = 1) -> Count:
    """An operation under a rounding on every vector."""
    cast = Cast(format=FP16, rounding=ROUNDINGS[mode], overflow=Overflow.INFINITY_OR_NAN)
    count = Count(name=f"f16_{name} {mode}")
    options = (f"-r{mode}", "-level", str(level))
    for *operands, theirs in vectors(program, name, OPERATIONS[name], 4, options):
        coded = [Coded(format=FP16, codes=codes) for codes in operands]
        ours = _OURS[name](*coded, cast).codes
        nan = is_nan(theirs)
        _note(count, operands, ours, theirs, (ours == theirs) | (nan & is_nan(ours)))
        count.nans += int(nan.sum())
    return count


def compare_predicate(program: Path, name: str, level: int = 1) -> Count:
    """A comparison on every vector."""
    count = Count(name=f"f16_{name}")
    for *operands, theirs in vectors(program, name, 2, 1, ("-level", str(level))):
        a, b = (Coded(format=FP16, codes=codes) for codes in operands)
        ours = np.isin(elementwise.compare(a, b), PREDICATES[name]).astype(np.uint16)
        _note(count, operands, ours, theirs, ours == theirs)
        count.nans += int((is_nan(operands[0]) | is_nan(operands[1])).sum())
    return count


def _note(
    count: Count,
    operands: list[NDArray[np.uint16]],
    ours: NDArray[np.uint16],
    theirs: NDArray[np.uint16],
    same: NDArray[np.bool_],
) -> None:
    count.vectors += same.size
    wrong = np.flatnonzero(~same)
    count.mismatches += wrong.size
    room = wrong[: max(0, 3 - len(count.first))].tolist()
    for i in room:
        of = " ".join(f"{codes[i]:04X}" for codes in operands)
        count.first += (f"{of}: {ours[i]:04X}, SoftFloat has {theirs[i]:04X}",)


def main(words: Sequence[str] | None = None) -> int:
    """Compare everything, or what is asked for; 1 if anything differs."""
    parser = argparse.ArgumentParser(
        prog="python -m bitpde.validation.testfloat", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument(
        "--build", type=Path, required=True, metavar="DIR", help="the folder of testfloat_gen"
    )
    parser.add_argument("--level", type=int, choices=(1, 2), default=1, help="of testing (1)")
    parser.add_argument("--only", nargs="+", choices=[*OPERATIONS, *PREDICATES], metavar="NAME")
    given = parser.parse_args(words)
    program = given.build / "testfloat_gen"
    if not program.is_file():
        parser.error(f"there is no {program}: build Berkeley TestFloat and name its build folder")
    names = given.only or [*OPERATIONS, *PREDICATES]
    wrong = total = 0
    for name in names:
        for mode in ROUNDINGS if name in OPERATIONS else ("",):
            if mode:
                count = compare_operation(program, name, mode, given.level)
            else:
                count = compare_predicate(program, name, given.level)
            sys.stdout.write(count.describe() + "\n")
            sys.stdout.flush()
            wrong, total = wrong + count.mismatches, total + count.vectors
    sys.stdout.write(f"{total} vectors, {wrong} mismatches\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
