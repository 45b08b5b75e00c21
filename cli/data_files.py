"""``bitpde data check`` and ``export``: a file of data held to what it says, and written anew."""

import argparse
from pathlib import Path
from typing import Any

from .output import print_json, print_table
from .parser import add_command

_CHECK_EXAMPLES = """\
examples:
  bitpde data check burgers.h5                     three instances, certificate again
  bitpde data check burgers.h5 --instances 20
  bitpde data check theirs.hdf5                    looks at the numbers alone

verdicts: pass; note, lawful and worth knowing; fail, do not use the data
exit status: 0 nothing failed, 1 something did, 2 bad arguments
"""
_EXPORT_EXAMPLES = """\
examples:
  bitpde data export burgers.h5 --layout pdebench --out burgers.hdf5
  bitpde data export smoke.h5 --layout pdebench-samples --out smoke-samples.h5

pdebench is one tensor of all instances, with the coefficient of Darcy flow where there is one;
pdebench-samples is a group for each instance; both are float32, a float64 is rounded once
"""


def add_check(actions: Any) -> None:
    """Add ``bitpde data check``."""
    text = "whether a file of data holds what it says"
    check = add_command(actions, "check", _check, text, _CHECK_EXAMPLES)
    check.add_argument("file", metavar="FILE")
    text = "to compute again, spread over the file (default: 3)"
    check.add_argument("--instances", type=int, default=3, metavar="N", help=text)


def add_export(actions: Any) -> None:
    """Add ``bitpde data export``."""
    text = "write data in the layout of others"
    export = add_command(actions, "export", _export, text, _EXPORT_EXAMPLES)
    export.add_argument("file", metavar="FILE")
    layouts = ("pdebench", "pdebench-samples")
    export.add_argument("--layout", choices=layouts, required=True, help="what to write")
    export.add_argument("--out", metavar="FILE", required=True, help="a new file")


def _check(arguments: argparse.Namespace) -> int:
    """``bitpde data check``: a line for each check; status 1 if one failed."""
    from ..pde import data

    findings = data.check(Path(arguments.file), instances=arguments.instances)
    if arguments.json:
        print_json([each.to_json() for each in findings])
    else:
        print_table([data.FINDING_TITLES, *(each.cells() for each in findings)])
    return int(any(each.verdict == "fail" for each in findings))


def _export(arguments: argparse.Namespace) -> int:
    """``bitpde data export``: write a new file."""
    from ..pde import RunError, data

    out = Path(arguments.out)
    if out.exists():
        msg = f"{out} is there already: choose another file"
        raise RunError(msg)
    samples = arguments.layout == "pdebench-samples"
    write = data.write_pdebench_samples if samples else data.write_pdebench
    with data.open_dataset(arguments.file) as found:
        write(found, out)
        count = len(found)
    if arguments.json:
        print_json({"file": str(out), "layout": arguments.layout, "instances": count})
    else:
        print(f"{count} instances as {arguments.layout}: {out}")
    return 0
