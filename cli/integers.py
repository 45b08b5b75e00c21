"""``bitpde integers``: a trained, quantized network as integers: written, shown, held to codes."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .output import print_json, print_table
from .parser import add_command

if TYPE_CHECKING:
    from ..pde.integers import IntegerNetwork, Levels

_EXAMPLES = """\
examples:
  bitpde train-operator burgers --qat w8a8 --out runs/mine
  bitpde integers export runs/mine/w8a8-qat --out chip     network, golden codes, report
  bitpde integers show chip/network.npz                    its steps, arrays and registers
  bitpde integers check chip/network.npz chip/golden.npz   this machine against the golden codes

exit status: 0 done, 1 codes differ, 2 bad arguments, 130 interrupted
"""
_EXPORT_EXAMPLES = """\
examples:
  bitpde integers export runs/mine/w8a8-qat --out chip
  bitpde integers export runs/mine/w8a8-qat --out chip --rule single --finer 0
  bitpde integers export runs/mine/w8a8-qat --out chip --onnx      extra onnx

files in the folder:
  network.npz  the steps as JSON, weights, multipliers and tables, and a digest of all of it
  golden.npz   codes that go in, what every quantizer makes of them, and what comes out
  report.json  units, grids of input and output, and what the table says
  model.onnx   the float simulator with QuantizeLinear and DequantizeLinear

columns: alone is the largest difference from the float simulator's codes in levels, and share how
many differ, where all layers before were given the simulator's codes; together, where none was
"""
_CHECK_EXAMPLES = """\
examples:
  bitpde integers check chip/network.npz chip/golden.npz
  bitpde integers check chip/network.npz rtl.npz --json    codes of your own, laid out the same way
"""
_WIDTHS: Final = {
    "functions": "of what tables with an entry for each code are given",
    "operands": "of what products take that no quantizer made",
    "constants": "of cosines and sines",
    "outputs": "of the result",
    "wide": "of all these beside activations of more than 8 bits, and of residual sums",
    "finer": "that a sum with a bias has beyond its products",
}


def add_integers(commands: Any) -> None:
    """Add ``bitpde integers`` with its three actions."""
    integers = commands.add_parser(
        "integers",
        help="a quantized network as integers alone, for hardware",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = integers.add_subparsers(title="actions", metavar="ACTION", required=True)
    text = "write the integers of a quantized training, and golden codes"
    export = add_command(actions, "export", _export, text, _EXPORT_EXAMPLES)
    export.set_defaults(smaller="use fewer --samples")
    export.add_argument("run", metavar="RUN", help="a training's folder, such as .../w8a8-qat")
    export.add_argument("--out", metavar="DIR", required=True, help="a new folder")
    text = "how registers become codes: with gemmlowp's two roundings, or one (default: double)"
    export.add_argument("--rule", choices=("double", "single"), default="double", help=text)
    text = "that show the ranges between products and are the golden codes (default: 16)"
    export.add_argument("--samples", type=int, default=16, metavar="N", help=text)
    export.add_argument("--onnx", action="store_true", help="write model.onnx too")
    widths = export.add_argument_group("bits of which the plan says nothing")
    for name, text in _WIDTHS.items():
        widths.add_argument(f"--{name}", type=int, metavar="BITS", help=text)
    show = add_command(actions, "show", _show, "the steps of a network of integers")
    show.add_argument("network", metavar="NETWORK", help="network.npz")
    text = "hold a network of integers to golden codes"
    check = add_command(actions, "check", _check, text, _CHECK_EXAMPLES)
    check.add_argument("network", metavar="NETWORK", help="network.npz")
    check.add_argument("golden", metavar="GOLDEN", help="golden.npz")


def _export(arguments: argparse.Namespace) -> int:
    """``bitpde integers export``: write the folder, show how far each quantizer is."""
    from ..emu import RequantizationRule
    from ..pde import RunError
    from ..pde.integers import Widths, export_run

    if arguments.samples < 2:
        msg = f"--samples is {arguments.samples}: give at least 2"
        raise RunError(msg)
    given = {name: getattr(arguments, name) for name in _WIDTHS}
    found = export_run(
        Path(arguments.run),
        Path(arguments.out),
        rule=RequantizationRule(arguments.rule),
        widths=Widths(**{name: bits for name, bits in given.items() if bits is not None}),
        samples=arguments.samples,
        onnx=arguments.onnx,
    )
    report = found.to_json()
    if arguments.json:
        print_json({"folder": arguments.out, **report})
        return 0
    print_table([("quantizer", "alone", "share", "together"), *_level_rows(found.levels)])
    print(f"{report['steps']} steps, {report['bytes']:,} bytes, digest {report['network'][:12]}")
    print(f"folder: {arguments.out}")
    return 0


def _level_rows(levels: "Mapping[str, Levels]") -> list[tuple[str, ...]]:
    return [
        (place, str(each.alone), f"{each.share:.2%}", str(each.together))
        for place, each in levels.items()
    ]


def _show(arguments: argparse.Namespace) -> int:
    """``bitpde integers show``: a line for each step."""
    from ..pde.integers import load_network

    network = load_network(Path(arguments.network))
    if arguments.json:
        arrays = {name: [each.dtype.name, *each.shape] for name, each in network.arrays.items()}
        print_json({"digest": network.digest(), "arrays": arrays, **network.to_json()})
        return 0
    print_table([("step", "makes", "from", "quantizer", "sums up to", "arrays"), *_steps(network)])
    ends = {"input": network.input, "output": network.output}
    for name, grid in ends.items():
        print(f"{name}: {grid.dtype.__name__} from {grid.lowest} to {grid.highest}")
    print(f"rule {network.rule.value}, digest {network.digest()[:12]}")
    return 0


def _steps(network: "IntegerNetwork") -> Iterator[tuple[str, ...]]:
    """A row for each step."""
    places = {name: place for place, name in network.places.items()}
    for step in network.steps:
        own = {
            name.removeprefix(f"{step.target}:"): array
            for name, array in network.arrays.items()
            if name.startswith(f"{step.target}:")
        }
        bound = getattr(step, "bound", None)
        yield (
            type(step).__name__,
            step.target,
            ", ".join(step.sources),
            places.get(step.target, ""),
            "" if bound is None else f"{bound:,}",
            ", ".join(f"{name} {each.dtype}{list(each.shape)}" for name, each in own.items()),
        )


def _check(arguments: argparse.Namespace) -> int:
    """``bitpde integers check``: how many codes differ at every quantizer; status 1 if any."""
    from ..pde.integers import golden_differences, load_network

    network = load_network(Path(arguments.network))
    found = golden_differences(network, Path(arguments.golden))
    if arguments.json:
        print_json(found)
    else:
        print_table([("codes of", "differ"), *((name, str(n)) for name, n in found.items())])
    return int(any(found.values()))
