"""The shipped golden vectors are what this installation computes, and a changed bit is seen."""

import json
from pathlib import Path

import numpy as np
import pytest

from bitpde.cli import main
from bitpde.emu import PRESETS
from bitpde.formats import CATALOGUE, FP64
from bitpde.validation import SUITE, differences, generate, load, write


def test_every_shipped_vector_holds() -> None:
    assert differences(load()) == []


def test_the_shipped_file_is_the_suite_of_this_release(tmp_path: Path) -> None:
    count = write(tmp_path / "vectors.json")
    assert load(tmp_path / "vectors.json") == load()
    assert count == len(load())


def test_every_format_and_every_float32_machine_has_a_vector() -> None:
    names = {vector["vector"] for vector in load()}
    assert {f"encode {n}" for n, f in CATALOGUE.items() if f != FP64} <= names
    assert {f"matmul {n}" for n, m in PRESETS.items() if m.vector != FP64} <= names


@pytest.mark.parametrize("kind", ["encode", "matmul"])
def test_one_flipped_bit_is_reported(kind: str) -> None:
    for vector in load():
        if not vector["vector"].startswith(kind):
            continue
        if kind == "encode":
            vector["codes"][0][0] ^= 1
        else:
            vector["product"][0][0] = f"{int(vector['product'][0][0], 16) ^ 1:08x}"
        assert len(differences([vector])) == 1, vector["vector"]


def test_inputs_hold_ties_subnormals_and_both_zeros() -> None:
    words = {w for v in generate() if "inputs" in v for row in v["inputs"] for w in row}
    for value in (0.0, -0.0, 2.5, 2.0**-149, float(np.finfo(np.float32).max)):
        assert f"{int(np.float32(value).view(np.uint32)):08x}" in words


def test_the_command_says_so_by_its_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == f"{len(load())} vectors, 0 differences\n"
    vectors = load()
    vectors[0]["codes"][0][0] ^= 1
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"suite": SUITE, "vectors": vectors}))
    assert main(["verify", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["differences"] == [
        f"{vectors[0]['vector']}: codes differ"
    ]
    assert main(["verify", str(tmp_path / "none.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"suite": SUITE + 1, "vectors": []})])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vectors.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"vectors\.json"):
        load(path)
