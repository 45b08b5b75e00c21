"""The comparison with the peers as a command.

Exit status: 0 no unexplained difference, 1 some, 2 bad arguments or a missing peer.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from .compare import compare
from .log import HEADER, cells, header_line, markdown, read_log, tally_line
from .pair import PeerError
from .peers import PEERS, Sources

_COUNT = "elements for each format of each peer, at least (default: %(default)s)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison, or print the table of an earlier one; returns the exit status.

    Examples
    --------
    >>> main(["--only", "no-such"])
    Traceback (most recent call last):
        ...
    SystemExit: 2
    """
    parser = argparse.ArgumentParser(prog="python -m bitpde.validation.peers", description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        return run(arguments)
    except (PeerError, OSError, ValueError) as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the comparison to a parser."""
    add = parser.add_argument
    add("--count", type=int, default=10**5, metavar="N", help=_COUNT)
    add("--only", action="append", choices=list(PEERS), help="this peer; may be repeated")
    add("--microxcaling", metavar="PATH", type=Path, help="checkout of microsoft/microxcaling")
    add("--torchao", metavar="PATH", type=Path, help="checkout of pytorch/ao (else as installed)")
    add("--log", metavar="FILE", type=Path, help="write the results here, a line of JSON each")
    add("--json", action="store_true", help="write the same lines to standard output")
    add("--table", metavar="LOG", type=Path, help="print a log as a Markdown table, and end")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the comparison that the arguments describe; 1 if a difference is unexplained.

    Raises
    ------
    PeerError
        If a peer is missing.
    ValueError
        If a log is none.
    """
    if arguments.table is not None:
        sys.stdout.write(markdown(read_log(arguments.table)) + "\n")
        return 0
    sources = Sources(microxcaling=arguments.microxcaling, torchao=arguments.torchao)
    failures = 0
    with arguments.log.open("w") if arguments.log else nullcontext() as log:
        if log:
            log.write(header_line(arguments.count) + "\n")
        if not arguments.json:
            sys.stdout.write("\t".join(HEADER) + "\n")
        for name in arguments.only or PEERS:
            for tally in compare(PEERS[name](sources), arguments.count):
                line = tally_line(tally)
                if log:
                    log.write(line + "\n")
                    log.flush()
                sys.stdout.write((line if arguments.json else "\t".join(cells(tally))) + "\n")
                sys.stdout.flush()
                if tally.first is not None:
                    sys.stderr.write(f"first difference: {json.dumps(tally.first)}\n")
                failures += tally.unexplained
    return 1 if failures else 0
