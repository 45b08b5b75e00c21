"""Packed arrays in files: a ``.npz`` archive that plain ``numpy.load`` opens, without pickles.

| member | holds |
|---|---|
| ``header`` | one line of JSON: what the file is, its version, format, shape, bit order and scale |
| ``codes`` | the packed codes, uint8 of one axis |
| ``scales`` | the scales, uint8 of the shape of the grid of tiles; only for a block format |
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bit_order import BitOrder
from .errors import FormatError
from .kinds import FORMAT_KINDS, Format
from .packed import Packed
from .specs import spec_from_json, spec_to_json
from .whole_file import whole_file

#: What the header says of every file this module writes.
_KIND, _VERSION = "bitpde.Coded", 1
_HEADER = {"file", "version", "format", "shape", "order", "tensor_scale"}


def write_archive(packed: Packed, path: str | os.PathLike[str]) -> None:
    """Put ``packed`` at ``path``; what was there stays until the new file is whole.

    Raises
    ------
    FormatError
        If the name does not end in ``.npz``: the file is an archive whatever it is called.
    OSError
        If the folder cannot be written; whatever was at ``path`` is then still there.
    """
    path = Path(path)
    if path.suffix != ".npz":
        msg = f"{path}: a Coded is saved as an archive, name it {path.with_suffix('.npz').name}"
        raise FormatError(msg)
    header = {
        "file": _KIND,
        "version": _VERSION,
        "format": spec_to_json(packed.format),
        "shape": list(packed.shape),
        "order": spec_to_json(packed.order),
        "tensor_scale": packed.tensor_scale,
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":"))
    members = {"header": np.array(text), "codes": packed.codes}
    if packed.scales is not None:
        members["scales"] = packed.scales
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **members)


def read_archive(path: str | os.PathLike[str]) -> Packed:
    """What `write_archive` put at ``path``.

    Raises
    ------
    FormatError
        If the file is damaged, or is or says anything else; the message names the file and the
        part that is wrong.
    OSError
        If there is no file, or it cannot be read.
    """
    try:
        members = _members(Path(path))
        header = _header(members)
        packed = _packed(header, members)
    except FormatError as error:
        msg = f"{path}: {error}"
        raise FormatError(msg) from error
    return packed


def _members(path: Path) -> dict[str, NDArray[Any]]:
    """Every member of an archive; a file with one plain array has the one of no name."""
    with path.open("rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                return {"": archive}
            return {name: archive[name] for name in archive.files}
        except Exception as error:  # a damaged archive may raise nearly anything
            found = f"{type(error).__name__}: {error}"
            msg = f"the archive is damaged or is none ({found}): save the array again"
            raise FormatError(msg) from error


def _header(members: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The header, once it is known to be of a file and a version that can be read."""
    given = members.get("header")
    if "" in members:
        msg = "the file holds one plain array and no format: encode what numpy.load gives"
        raise FormatError(msg)
    if given is None or given.dtype.kind != "U" or given.ndim != 0:
        msg = f"the members are {sorted(members)} without a header: load a file of Coded.save"
        raise FormatError(msg)
    try:
        header = json.loads(str(given))
    except json.JSONDecodeError as error:
        msg = f"the header is no JSON ({error}): save the array again"
        raise FormatError(msg) from error
    if not isinstance(header, dict) or header.get("file") != _KIND:
        msg = f"the header is not one of {_KIND}: load a file of Coded.save"
        raise FormatError(msg)
    version = header.get("version")
    if type(version) is not int or version != _VERSION:
        msg = (
            f"the file has version {version!r}, and this library reads {_VERSION}: "
            "use the library that wrote it"
        )
        raise FormatError(msg)
    if set(header) != _HEADER:
        msg = f"the header has entries {sorted(header)}: needed are {sorted(_HEADER)}"
        raise FormatError(msg)
    return header


def _packed(header: dict[str, Any], members: dict[str, NDArray[Any]]) -> Packed:
    """The array that header and members say, each of them checked."""
    format = spec_from_json(header["format"], FORMAT_KINDS)
    if not isinstance(format, Format):
        msg = f"format is {header['format']!r}: it must be one of an array"
        raise FormatError(msg)
    shape = header["shape"]
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        msg = f"shape is {shape!r}: it must be a list of lengths"
        raise FormatError(msg)
    if header["order"] not in [order.value for order in BitOrder]:
        msg = f"order is {header['order']!r}: choose one of {[o.value for o in BitOrder]}"
        raise FormatError(msg)
    if "codes" not in members or set(members) - {"header", "codes", "scales"}:
        msg = f"the members are {sorted(members)}: needed are header, codes and, if any, scales"
        raise FormatError(msg)
    return Packed(
        format=format,
        shape=tuple(shape),
        codes=members["codes"],
        scales=members.get("scales"),
        tensor_scale=header["tensor_scale"],
        order=BitOrder(header["order"]),
    )
