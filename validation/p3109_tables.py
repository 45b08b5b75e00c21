"""Published decode tables of the P3109 draft formats, known here by their digests alone.

The draft's repository prints the value of every code of every format of 3 to 16 bits.  Its tables
are not ours to give away and it forbids claims of conformance, so what is kept is the SHA-256 of
each table's *canonical text*: a line per code, ascending, of the code in hexadecimal and its value
(`value_text`).  Whoever has a checkout of that repository can make the digests anew::

    python -m bitpde.validation.p3109_tables --tables PATH

Source: IEEE SA P3109 working group, public repository, ``Value Tables/Hexadecimal``; the commit is
in the file of digests.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

DIGESTS: Final = Path(__file__).parent / "golden" / "p3109_digests.json"
REPOSITORY: Final = "https://github.com/P3109/Public"
MATCHES: Final = "matches"
_SPECIAL: Final = {"NaN": "nan", "Inf": "inf", "-Inf": "-inf"}


class TableError(ValueError):
    """A table, or a file of digests, that is not what its name says."""


def value_text(significand: int, exponent: int) -> str:
    """Return the one text of ``significand 2^exponent``: an odd hexadecimal integer and a power.

    Exact for integers of any size, as tables of precision 1 leave binary64.

    Examples
    --------
    >>> value_text(12, -3), value_text(-1, 2045), value_text(0, 7)
    ('0x3p-1', '-0x1p+2045', '0')
    """
    if significand == 0:
        return "0"
    shift = (significand & -significand).bit_length() - 1
    return f"{significand >> shift:#x}p{exponent + shift:+d}"


def table_digest(values: Iterable[str]) -> str:
    """Return the SHA-256 of the canonical text of a table, in hexadecimal.

    Parameters
    ----------
    values
        For the codes 0, 1, 2, ... what `value_text` says, or "inf", "-inf" or "nan".

    Examples
    --------
    >>> table_digest(["0", "0x1p+0", "inf", "nan"])[:16]
    'ba4310f795369336'
    """
    text = "".join(f"{code:x} {value}\n" for code, value in enumerate(values))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def published_values(path: Path) -> Iterator[str]:
    """Yield the values of one published table, in the order of the codes.

    Raises
    ------
    TableError
        If a line is not ``code, value, mark`` with the codes 0, 1, 2, ...
    """
    with path.open(newline="", encoding="ascii") as file:
        rows = csv.reader(file)
        next(rows, None)
        for line, row in enumerate(rows):
            try:
                code, value = int(row[0], 16), _published_value(row[1])
            except (IndexError, ValueError) as error:
                msg = f"{path}: code {line:#x} has the line {row}, not 'code,value,mark'"
                raise TableError(msg) from error
            if code != line:
                msg = f"{path}: code {code:#x} stands where {line:#x} was expected"
                raise TableError(msg)
            yield value


def published_digests(folder: Path) -> dict[str, str]:
    """Return the digest of every published table below ``folder``, by the name of its format.

    Raises
    ------
    TableError
        If there is no table below ``folder``, or one cannot be read.
    """
    paths = sorted(folder.rglob("Binary*p*.csv"), key=lambda path: path.stem)
    if not paths:
        msg = f"{folder} holds no Binary*p*.csv: give a checkout of {REPOSITORY}"
        raise TableError(msg)
    return {path.stem: table_digest(published_values(path)) for path in paths}


def load(path: Path = DIGESTS) -> dict[str, str]:
    """Return the recorded digests by the name of the format, such as ``Binary8p3se``.

    Raises
    ------
    TableError
        If the file cannot be read or holds no digests.

    Examples
    --------
    >>> len(load())  # bits 3 to 16, every precision, signed or not, with infinities or without
    504
    """
    try:
        tables = json.loads(path.read_text())["tables"]
        return {str(name): str(digest) for name, digest in tables.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path} is no file of P3109 table digests: {error!r}"
        raise TableError(msg) from error


def write(digests: dict[str, str], commit: str, path: Path = DIGESTS) -> None:
    """Record digests of the tables as of one commit of the draft's repository."""
    record = {"repository": REPOSITORY, "commit": commit, "tables": digests}
    path.write_text(json.dumps(record, indent=0) + "\n")


def verdicts(found: dict[str, str]) -> dict[str, str]:
    """Return what becomes of every table that was found or is recorded: `MATCHES`, or what not.

    Raises
    ------
    TableError
        If the record cannot be read.

    Examples
    --------
    >>> verdicts({**load(), "Binary8p3se": "another"})["Binary8p3se"]
    'DIFFERS'
    """
    recorded = load()
    return {name: _verdict(found.get(name), recorded.get(name)) for name in {**recorded, **found}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the tables of a checkout with the recorded digests; 0 if all are the same."""
    parser = argparse.ArgumentParser(prog="python -m bitpde.validation.p3109_tables")
    parser.description = "Compare published P3109 decode tables with the recorded digests."
    parser.add_argument("--tables", type=Path, required=True, help=f"checkout of {REPOSITORY}")
    parser.add_argument("--record", metavar="COMMIT", help="record the digests, as of this commit")
    options = parser.parse_args(arguments)
    try:
        found = published_digests(options.tables)
        if options.record:
            write(found, options.record)
        lines = verdicts(found)
    except TableError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(f"{name} {verdict}\n" for name, verdict in lines.items())
    differing = [name for name, verdict in lines.items() if verdict != MATCHES]
    sys.stdout.write(f"{len(lines) - len(differing)} of {len(lines)} tables match\n")
    return 1 if differing else 0


def _published_value(text: str) -> str:
    if text in _SPECIAL:
        return _SPECIAL[text]
    digits, _, power = text.partition("p")
    whole, _, fraction = digits.partition(".")
    return value_text(int(whole + fraction, 16), int(power) - 4 * len(fraction))


def _verdict(found: str | None, recorded: str | None) -> str:
    if found is None:
        return "is missing from the checkout"
    if recorded is None:
        return "is not recorded"
    return MATCHES if found == recorded else "DIFFERS"


if __name__ == "__main__":
    sys.exit(main())
