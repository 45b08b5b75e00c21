"""``bitpde data show``, ``check`` and ``export``: what can be done with a file of data."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import print_aligned, print_json, print_table, require_extras
from .parser import add_command

if TYPE_CHECKING:
    from ..pde.data import Dataset

_SHOW_EXAMPLES = """\
examples:
  bitpde data show burgers.h5
  bitpde data show 1D_Burgers_Sols_Nu0.01.hdf5 --plot burgers.png
  bitpde data show burgers.h5 --json | jq .certificate

the layout is found by the content of the file: ours, PDEBench's, PDEArena's, The Well's, or the
MATLAB files of Fourier neural operators
"""
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


def add_show(actions: Any) -> None:
    """Add ``bitpde data show``."""
    text = "what a file of data holds"
    show = add_command(actions, "show", _show, text, _SHOW_EXAMPLES)
    show.add_argument("file", metavar="FILE")
    show.add_argument("--plot", metavar="PNG", help="draw some instances into this file")


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


def _show(arguments: argparse.Namespace) -> int:
    """``bitpde data show``: a table of what there is, and a picture."""
    require_extras(matplotlib=arguments.plot is not None)
    from ..pde import data

    with data.open_dataset(arguments.file) as found:
        if arguments.plot is not None:
            data.plot_dataset(found, Path(arguments.plot))
        facts = {"file": arguments.file, **_facts(found)}
    if arguments.json:
        print_json(facts)
        return 0
    certificate = facts.pop("certificate") or {}
    told = {f"certificate: {n}": v for n, v in certificate.items() if n not in ("family", "seed")}
    rows = {**facts, **told} if told else {**facts, "certificate": "none"}
    print_aligned([(n.replace("_", " "), _text(v)) for n, v in rows.items() if v not in (None, [])])
    return 0


def _facts(found: "Dataset") -> dict[str, Any]:
    """Return what is shown of a data set, as plain data."""
    certificate = None if found.certificate is None else found.certificate.to_json()
    return {
        "layout": found.layout,
        "instances": len(found),
        "shape": list(found.values.shape),
        "dtype": str(found.values.dtype),
        "channels": list(found.channels),
        "times": [len(found.times), float(found.times[0]), float(found.times[-1])],
        "resolution": list(found.resolution),
        "coefficient": found.coefficient is not None,
        "splits": {name: [each.start, each.stop] for name, each in found.splits.items()},
        "parameters": {
            name: [float(each.min()), float(each.max())]
            for name, each in found.parameters.items()
            if each.size
        },
        "seed": found.seed,
        "family": None if found.family is None else dict(found.family),
        "certificate": certificate,
        "notes": list(found.notes),
    }


def _text(value: Any) -> str:
    """Return plain data in a line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


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
    write = {
        "pdebench": data.write_pdebench,
        "pdebench-samples": data.write_pdebench_samples,
    }[arguments.layout]
    with data.open_dataset(arguments.file) as found:
        write(found, out)
        count = len(found)
    if arguments.json:
        print_json({"file": str(out), "layout": arguments.layout, "instances": count})
    else:
        print(f"{count} instances as {arguments.layout}: {out}")
    return 0
