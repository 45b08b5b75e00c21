"""A network of integers comes back from its file with the same bits, or the file is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from integer_cases import case

from bitpde.pde import RunError
from bitpde.pde.integers import (
    exported,
    golden_differences,
    load_network,
    save_golden,
    save_network,
)
from bitpde.pde.integers.archive import VERSION


@pytest.mark.parametrize("name", ["fno plane", "unet line", "softmax line"])
def test_a_file_holds_the_network(name: str, tmp_path: Path) -> None:
    given = case(name, "w4a8")
    network = exported(*given)
    path = tmp_path / "net.npz"
    save_network(network, path)
    again = load_network(path)
    assert again.digest() == network.digest()
    assert again.steps == network.steps
    codes = network.input.encode(given.inputs)
    assert np.array_equal(again.run(codes)["output"], network.run(codes)["output"])
    with np.load(path, allow_pickle=False) as archive:  # and no pickle is in it
        assert json.loads(str(archive["network"]))["version"] == VERSION
        assert all(archive[name].dtype.kind in "iuU" for name in archive.files)


def test_what_a_file_says_is_all_integers() -> None:
    network = exported(*case("galerkin line", "w8a8"))
    assert {array.dtype.kind for array in network.arrays.values()} == {"i", "u"}


def rewritten(path: Path, **changes: object) -> Path:
    """Return a copy of an archive with some entries changed or, if None, left out."""
    with np.load(path) as archive:
        entries = {name: archive[name] for name in archive.files}
    for name, change in changes.items():
        if change is None:
            del entries[name]
        else:
            entries[name] = np.asarray(change)
    other = path.with_name("other.npz")
    np.savez(other, **entries)
    return other


def test_files_that_are_no_network_are_refused(tmp_path: Path) -> None:
    network = exported(*case("fno plane", "w4a4"))
    path = tmp_path / "net.npz"
    save_network(network, path)
    data = network.to_json()
    later = json.dumps({"version": VERSION + 1, **data})
    strange = json.dumps({"version": VERSION, **data, "steps": [{"kind": "Divide"}]})
    other_rule = json.dumps({"version": VERSION, **data, "rule": "float"})
    with pytest.raises(RunError, match="holds no network"):
        load_network(rewritten(path, network=None))
    with pytest.raises(RunError, match="is damaged"):
        load_network(rewritten(path, digest="0" * 64))
    name = next(name for name in network.arrays if name.endswith("weights"))
    with pytest.raises(RunError, match="is damaged"):
        load_network(rewritten(path, **{f"array {name}": network.arrays[name] + 1}))
    with pytest.raises(RunError, match=f"has version {VERSION + 1}"):
        load_network(rewritten(path, network=later))
    with pytest.raises(RunError, match="known kinds are"):
        load_network(rewritten(path, network=strange))
    with pytest.raises(RunError, match="is damaged"):
        load_network(rewritten(path, network=other_rule))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match="cannot be read"):
        load_network(path)


def test_golden_codes_are_those_of_their_network(tmp_path: Path) -> None:
    given = case("unet line", "w8a8")
    network, path = exported(*given), tmp_path / "golden.npz"
    codes = network.input.encode(given.inputs)
    save_golden(network, codes, path)
    found = golden_differences(network, path)
    assert set(found) == {*network.places, "output"}
    assert set(found.values()) == {0}
    with np.load(path) as archive:
        output = archive["output"]
    output[0, 0, 0] += 1
    assert golden_differences(network, rewritten(path, output=output))["output"] == 1
    with pytest.raises(RunError, match="made by another network"):
        golden_differences(exported(*case("unet line", "w4a8")), path)
    with pytest.raises(RunError, match="holds no golden codes"):
        golden_differences(network, rewritten(path, output=None))
