"""``bitpde verify``: this installation against the golden vectors, and three longer checks.

Each of those is a module of its own, with its own options, that is imported when it is asked for;
so its options come after its name.
"""

import argparse
from pathlib import Path
from typing import Any

from .output import print_json, say
from .parser import Parser, add_command

_EXAMPLES = """\
examples:
  bitpde verify                          every bit of the golden vectors; seconds
  bitpde verify mine.json                of the vectors in another file
  bitpde verify --exhaustive --help      every float32 against rational arithmetic
  bitpde verify --exhaustive --formats OFP8_E4M3 --sample 100000
  bitpde verify --peers --help           against ml_dtypes, gfloat, APyTypes, torch, ...
  bitpde verify --peers --only ml_dtypes
  bitpde verify --p3109 Public           the tables of a checkout of P3109's repository

what follows --exhaustive or --peers are the options of that check;
the exit status is 0 if all agrees, 1 if a bit differs, 2 if something is missing
"""
_EXHAUSTIVE = """\
Every scalar format of at most 8 bits, deterministic rounding and lawful overflow policy, on all
2^32 bit patterns of a float32, against breakpoints found in rational arithmetic.
"""
_EXHAUSTIVE_EXAMPLES = """\
examples:
  bitpde verify --exhaustive --sample 100000          all casts on some inputs; minutes
  bitpde verify --exhaustive --formats OCP_E2M1 --roundings nearest_even
  bitpde verify --exhaustive --log all.jsonl          all casts on all inputs; hours, resumes
  bitpde verify --exhaustive --log all.jsonl --table  what the log holds
"""
_PEERS = """\
What other libraries give for the same casts, value by value; a difference counts as explained
only where a row of the register of disagreements (docs/peers.md) says why.
"""
_PEERS_EXAMPLES = """\
examples:
  bitpde verify --peers --only ml_dtypes --count 4096
  bitpde verify --peers --microxcaling microxcaling --torchao ao --log peers.jsonl
  bitpde verify --peers --table peers.jsonl           what the log holds

pip install 'bitpde[peers]' brings ml_dtypes, gfloat and APyTypes, 'bitpde[peers-torch]' torch too;
microxcaling and torchao are read from checkouts
"""


def add_verify(commands: Any) -> None:
    """Add ``bitpde verify`` with its four checks."""
    text = "check every bit of the golden vectors, or more"
    parser = add_command(commands, "verify", _verify, text, _EXAMPLES)
    parser.usage = (
        "bitpde verify [-h] [--json] [FILE]\n"
        "       bitpde verify --exhaustive [OPTION ...]\n"
        "       bitpde verify --peers [OPTION ...]\n"
        "       bitpde verify [--json] --p3109 TABLES"
    )
    parser.add_argument("file", metavar="FILE", nargs="?", help="default: the vectors shipped")
    checks = parser.add_mutually_exclusive_group()
    rest = argparse.REMAINDER
    checks.add_argument("--exhaustive", nargs=rest, help="casts to 8 bits on every float32")
    checks.add_argument("--peers", nargs=rest, help="casts as other libraries make them")
    text = "the published P3109 tables in this folder, against the digests shipped here"
    checks.add_argument("--p3109", metavar="TABLES", type=Path, help=text)


def _verify(arguments: argparse.Namespace) -> int:
    """``bitpde verify``: carry out the check that was asked for."""
    checks = {"exhaustive": _exhaustive, "peers": _peers, "p3109": _p3109}
    for name, check in checks.items():
        if getattr(arguments, name) is not None:
            if arguments.file is not None:
                return say(f"error: --{name} reads no golden vectors: leave the file out", 2)
            return check(arguments)
    return _golden(arguments)


def _golden(arguments: argparse.Namespace) -> int:
    """Hold this installation to golden vectors; status 1 if a bit differs."""
    from ..validation import GOLDEN, VectorError, differences, load

    path = Path(arguments.file or GOLDEN)
    try:
        vectors = load(path)
        lines = differences(vectors)
    except VectorError as error:
        return say(f"error: {error}", 2)
    if arguments.json:
        print_json({"vectors": len(vectors), "differences": lines})
    else:
        print("\n".join([*lines, f"{len(vectors)} vectors, {len(lines)} differences"]))
    return 1 if lines else 0


def _exhaustive(arguments: argparse.Namespace) -> int:
    """Hold casts to rational arithmetic on every float32."""
    from ..validation import exhaustive

    parser = _parser("--exhaustive", _EXHAUSTIVE, _EXHAUSTIVE_EXAMPLES)
    exhaustive.add_arguments(parser)
    options = parser.parse_args(arguments.exhaustive)
    options.json |= arguments.json
    try:
        return exhaustive.run(options)
    except KeyboardInterrupt:
        hint = "" if options.log is None else ": the same command goes on from its --log"
        return say(f"interrupted{hint}", 130)


def _peers(arguments: argparse.Namespace) -> int:
    """Compare with other libraries."""
    from ..validation import peers

    parser = _parser("--peers", _PEERS, _PEERS_EXAMPLES)
    peers.add_arguments(parser)
    options = parser.parse_args(arguments.peers)
    options.json |= arguments.json
    try:
        return peers.run(options)
    except (peers.PeerError, ValueError) as error:
        return say(f"error: {error}", 2)


def _p3109(arguments: argparse.Namespace) -> int:
    """Compare published P3109 tables with the digests to which the tests hold the formats."""
    from ..validation import p3109_tables

    try:
        verdicts = p3109_tables.verdicts(p3109_tables.published_digests(arguments.p3109))
    except p3109_tables.TableError as error:
        return say(f"error: {error}", 2)
    wrong = {name: text for name, text in verdicts.items() if text != p3109_tables.MATCHES}
    if arguments.json:
        print_json({"tables": len(verdicts), "differences": wrong})
    else:
        lines = [f"{name} {text}" for name, text in wrong.items()]
        print("\n".join([*lines, f"{len(verdicts)} tables, {len(wrong)} differences"]))
    return 1 if wrong else 0


def _parser(option: str, text: str, examples: str) -> Parser:
    """The parser of what follows an option."""
    return Parser(
        prog=f"bitpde verify {option}",
        description=text,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
