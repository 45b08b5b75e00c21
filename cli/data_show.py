"""``bitpde data show``: what a file of data holds, as a table and as a picture."""

import argparse
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import print_aligned, print_json, require_extras
from .parser import add_command

if TYPE_CHECKING:
    from ..pde import data as data_types

_SHOW_EXAMPLES = """\
examples:
  bitpde data show burgers.h5
  bitpde data show 1D_Burgers_Sols_Nu0.01.hdf5 --plot burgers.png
  bitpde data show burgers.h5 --json | jq .certificate

the layout is found by the content of the file: ours, PDEBench's, PDEArena's, The Well's, or the
MATLAB files of Fourier neural operators
"""


def add_show(actions: Any) -> None:
    """Add ``bitpde data show``."""
    text = "what a file of data holds"
    show = add_command(actions, "show", _show, text, _SHOW_EXAMPLES)
    show.add_argument("file", metavar="FILE")
    show.add_argument("--plot", metavar="PNG", help="draw some instances into this file")


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
    print_aligned(
        [(n.replace("_", " "), _text(v)) for n, v in rows.items() if v not in (None, [], {})]
    )
    return 0


def _facts(found: "data_types.Dataset") -> dict[str, Any]:
    """Return what is shown of a data set, as plain data."""
    certificate = None if found.certificate is None else found.certificate.to_json()
    return {
        "layout": found.layout,
        "instances": len(found),
        "shape": list(found.values.shape),
        "dtype": str(found.values.dtype),
        "channels": list(found.channels),
        "times": [len(found.times), _number(found.times[0]), _number(found.times[-1])],
        "resolution": list(found.resolution),
        "coefficient": found.coefficient is not None,
        "splits": {name: [each.start, each.stop] for name, each in found.splits.items()},
        "parameters": {
            name: [_number(each.min()), _number(each.max())]
            for name, each in found.parameters.items()
        },
        "seed": found.seed,
        "family": None if found.family is None else dict(found.family),
        "certificate": certificate,
        "notes": list(found.notes),
    }


def _number(value: Any) -> float | str:
    """Return a number that JSON has, or the name of one that it has not."""
    return float(value) if isfinite(value) else str(float(value))


def _text(value: Any) -> str:
    """Return plain data in a line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
