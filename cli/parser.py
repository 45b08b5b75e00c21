"""The parser of a command, and how a command is added to it."""

import argparse
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Write one line to standard error and exit with status 2."""
        self.exit(2, f"bitpde: error: {' '.join(message.split())}: see {self.prog} --help\n")


def add_command(
    commands: Any, name: str, function: Any, text: str, examples: str = ""
) -> argparse.ArgumentParser:
    """Add a command that ``function`` carries out, with its ``--json`` and its examples."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=function)
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,  # the whole parser's default, so that it may stand anywhere
        help="write JSON to standard output",
    )
    return parser
