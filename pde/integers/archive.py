"""Networks of integers as files: an archive of arrays, the steps as JSON, and a digest of both.

A file is a ``.npz`` without pickles.  ``network`` holds the JSON of `IntegerNetwork.to_json` with a
version, ``digest`` the SHA-256 of `IntegerNetwork.digest`, and every other entry ``array ...`` one
of the arrays.  A file of golden codes has ``input``, ``output``, ``place ...`` and the digest of
the network that made them.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...emu import RequantizationRule
from ..archive import ArchiveError, read_arrays
from ..errors import RunError
from ..files import write_atomically
from ..spec import read_spec
from .grids import Grid
from .moving_steps import Constant, Join, Pad, Pool, Reshape, Take, Transpose, Windows
from .network import IntegerNetwork
from .normalizing_steps import Normalize, Softmax
from .product_steps import Gain, Pairing, Product
from .rounding_steps import Interpolate, LookUp, Rescale, Term
from .step import Step

#: Of the file's layout.
VERSION: Final = 1
_STEPS: Final = (
    Constant, Gain, Interpolate, Join, LookUp, Normalize, Pad, Pairing, Pool, Product, Rescale,
    Reshape, Softmax, Take, Transpose, Windows,
)  # fmt: skip
_KINDS: Final[dict[str, type]] = {kind.__name__: kind for kind in (*_STEPS, Grid, Term)}


def save_network(network: IntegerNetwork, path: Path) -> None:
    """Write a network; a file that is there is replaced as a whole or not at all.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    data = {"version": VERSION, **network.to_json()}
    arrays = {f"array {name}": array for name, array in network.arrays.items()}
    _save(path, {**arrays, "network": _text(json.dumps(data)), "digest": _text(network.digest())})


def load_network(path: Path) -> IntegerNetwork:
    """Return the network in a file.

    Raises
    ------
    RunError
        If it is no such file, of another version, or damaged.
    """
    entries = _load(path)
    try:
        data = json.loads(str(entries["network"]))
        if data["version"] != VERSION:
            msg = f"{path} has version {data['version']}: this package reads {VERSION}"
            raise RunError(msg)
        network = _network(data, entries)
        digest = str(entries["digest"])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, RunError):
            raise
        msg = f"{path} holds no network of integers ({type(error).__name__}: {error}): give a file "
        raise RunError(msg + "that save_network wrote") from error
    if network.digest() != digest:
        msg = f"{path} is damaged: its contents do not match its digest; export the network again"
        raise RunError(msg)
    return network


def save_golden(network: IntegerNetwork, codes: NDArray[Any], path: Path) -> None:
    """Write codes that go in, and what a network makes of them: what a circuit should make, too.

    Raises
    ------
    RunError
        If the network does not take the codes.
    OSError
        If the folder cannot be written.
    """
    found = network.run(codes, every=True)
    output = found.pop("output")
    places = {f"place {name}": made for name, made in found.items()}
    digest = _text(network.digest())
    _save(path, {"input": codes, "output": output, "digest": digest, **places})


def golden_differences(network: IntegerNetwork, path: Path) -> dict[str, int]:
    """Return for each place, and for ``"output"``, how many codes differ from those in a file.

    Raises
    ------
    RunError
        If the file holds no golden codes, or another network made them.
    """
    entries = _load(path)
    if not {"input", "output", "digest"} <= entries.keys():
        msg = f"{path} holds no golden codes: give a file that save_golden wrote"
        raise RunError(msg)
    if str(entries["digest"]) != network.digest():
        msg = f"{path} was made by another network, {str(entries['digest'])[:12]}: give its own"
        raise RunError(msg)
    found = network.run(entries["input"], every=True)
    wanted = {name: entries["output" if name == "output" else f"place {name}"] for name in found}
    return {name: int(np.count_nonzero(found[name] != wanted[name])) for name in found}


def _network(data: Mapping[str, Any], entries: Mapping[str, NDArray[Any]]) -> IntegerNetwork:
    arrays = {
        name.removeprefix("array "): array
        for name, array in entries.items()
        if name.startswith("array ")
    }
    steps = [read_spec(step, _KINDS, Step) for step in data["steps"]]  # type: ignore[type-abstract]
    return IntegerNetwork(
        rule=RequantizationRule(data["rule"]), steps=tuple(steps), arrays=arrays,
        places=data["places"], input=read_spec(data["input"], _KINDS, Grid),
        output=read_spec(data["output"], _KINDS, Grid), shape=tuple(data["shape"]),
        result=data["result"],
    )  # fmt: skip


def _text(text: str) -> NDArray[Any]:
    return np.array(text)


def _save(path: Path, entries: Mapping[str, NDArray[Any]]) -> None:
    buffer = io.BytesIO()
    whole: dict[str, Any] = dict(entries)
    np.savez_compressed(buffer, **whole)
    write_atomically(path, buffer.getvalue())


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return read_arrays(path)
    except ArchiveError as error:
        msg = f"{path} {error}: give an archive of arrays"
        raise RunError(msg) from error
