"""A saved array comes back bit for bit, and a file that is not whole or not one is refused."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_cases import ALL, edges, scales_of
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.formats import (
    INT4,
    MXFP4_E2M1,
    BitOrder,
    Cast,
    Coded,
    FormatError,
    spec_to_json,
    unpack_codes,
)
from bitpde.formats.archive import write_archive


def sample() -> Coded:
    return Cast(format=MXFP4_E2M1).encode(np.arange(-8.0, 8.0).reshape(2, 8))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a good archive is."""
    sample().save(tmp_path / "a.npz")
    return tmp_path / "a.npz"


@pytest.mark.parametrize("name", ALL)
def test_every_format_comes_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    coded = Cast(format=ALL[name]).encode(edges(ALL[name])[:90].reshape(2, 3, 15))
    for array in (coded, coded[:0], coded.T, Cast(format=ALL[name]).encode(1.0)):
        array.save(str(path))
        assert Coded.load(path).equals(array)
        assert Coded.load(path).shape == array.shape
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_plain_numpy_reads_what_the_file_says(path: Path) -> None:
    coded = sample()
    with np.load(path, allow_pickle=False) as archive:
        members = dict(archive)
    header = json.loads(str(members.pop("header")))
    assert header["format"] == json.loads(json.dumps(spec_to_json(coded.format)))
    assert (header["file"], header["version"]) == ("bitpde.Coded", 1)
    codes = unpack_codes(members["codes"], 4, tuple(header["shape"]), np.uint8)
    assert np.array_equal(codes, coded.codes)
    assert members["scales"].tolist() == scales_of(coded).tolist()
    assert sum(member.nbytes for member in members.values()) == coded.nbytes


@pytest.mark.parametrize("order", BitOrder)
def test_the_bit_order_is_kept(order: BitOrder, tmp_path: Path) -> None:
    coded = Cast(format=INT4).encode(np.arange(64) % 15 - 7)
    write_archive(coded.pack(order), tmp_path / "a.npz")
    assert Coded.load(tmp_path / "a.npz").equals(coded)
    with np.load(tmp_path / "a.npz") as archive:
        assert np.array_equal(archive["codes"], coded.pack(order).codes)


@pytest.mark.parametrize(("owner", "step"), [(np, "savez"), (os, "fsync"), (Path, "replace")])
def test_the_file_is_replaced_whole_or_not_at_all(
    owner: Any, step: str, path: Path, monkeypatch: Any
) -> None:
    # Whichever step fails, half of the new file or all of it but its name, the old one is there.
    before = path.read_bytes()
    other = Cast(format=INT4).encode([1, 2])

    def fails(first: Any, *_: object, **__: object) -> None:
        if step == "savez":
            first.write(b"half")
        msg = "no space left"
        raise OSError(msg)

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, fails)
        with pytest.raises(OSError, match="no space left"):
            other.save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    other.save(path)
    assert Coded.load(path).equals(other)


@pytest.mark.parametrize("name", ["a.npy", "a", "a.npz.gz"])
def test_another_suffix_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"name it a.*\.npz$"):
        sample().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Coded.load(tmp_path / "none.npz")


@settings(max_examples=30)
@given(data=st.data())
def test_a_truncated_file_is_refused(data: st.DataObject, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("cut") / "a.npz"
    sample().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(FormatError, match=r"a\.npz: the archive is damaged .*: save"):
        Coded.load(path)


@settings(max_examples=60)
@given(data=st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(
    data: st.DataObject, tmp_path_factory: Any
) -> None:
    # Bytes of a zip archive such as its time stamps carry no content.
    path = tmp_path_factory.mktemp("changed") / "a.npz"
    sample().save(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        coded = Coded.load(path)
    except FormatError:
        return
    assert coded.equals(sample())


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04", b"\x80\x04N."])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="damaged or is none"):
        Coded.load(path)


def test_a_plain_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", sample())  # which writes the values
    assert np.array_equal(np.load(tmp_path / "a.npy"), sample().values())
    with pytest.raises(FormatError, match="one plain array and no format"):
        Coded.load(tmp_path / "a.npy")


def rewritten(path: Path, entries: dict[str, Any] | None = None, **members: Any) -> Path:
    """Change entries of the header and members of an archive; None takes a member away."""
    with np.load(path, allow_pickle=False) as archive:
        have: dict[str, Any] = dict(archive)
    if entries is not None:
        header = {**json.loads(str(have["header"])), **entries}
        header = {name: value for name, value in header.items() if value != "absent"}
        have["header"] = np.array(json.dumps(header))
    have.update(members)
    buffer = io.BytesIO()
    np.savez(buffer, **{name: value for name, value in have.items() if value is not None})
    path.write_bytes(buffer.getvalue())
    return path


def test_a_rewritten_file_with_nothing_changed_is_lawful(path: Path) -> None:
    assert Coded.load(rewritten(path, {})).equals(sample())


@pytest.mark.parametrize(
    ("entries", "members", "message"),
    [
        ({"version": 2}, {}, "version 2, and this library reads 1: use the library that wrote it"),
        ({"version": "absent"}, {}, "version None"),
        ({"version": True}, {}, "version True"),
        ({"file": "other"}, {}, "not one of bitpde.Coded"),
        ({"order": "absent"}, {}, "entries .*: needed are"),
        ({"more": 1}, {}, "entries .*'more'.*: needed are"),
        ({"order": "last_first"}, {}, "order is 'last_first': choose one of"),
        ({"order": [1]}, {}, r"order is \[1\]: choose one of"),
        ({"shape": [2, -8]}, {}, r"shape is \[2, -8\]: it must be a list of lengths"),
        ({"shape": [2, 8.0]}, {}, "it must be a list of lengths"),
        ({"shape": 16}, {}, "it must be a list of lengths"),
        ({"shape": [2, 9]}, {}, "8 bytes for 18 codes of 4 bits: 9 needed"),
        ({"shape": [1, 16]}, {}, r"give uint8 of shape \(1, 1\)"),
        ({"format": {"kind": "Cast"}}, {}, "kind is 'Cast': known kinds are"),
        ({"format": {"kind": "PowerOfTwo"}}, {}, "it must be one of an array"),
        ({"format": {"kind": "Fixed"}}, {}, r"missing fields \['bits'\]"),
        ({"format": {"kind": "Fixed", "bits": 99}}, {}, "choose 2 to 32"),
        ({"format": "INT4"}, {}, "it must be one of an array"),
        ({"format": spec_to_json(INT4)}, {}, "INT4 has no scales"),
        (None, {"header": None}, "without a header"),
        (None, {"header": np.array(["a"])}, "without a header"),
        (None, {"header": np.array(1.0)}, "without a header"),
        (None, {"header": np.array("{")}, "the header is no JSON"),
        (None, {"header": np.array("[]")}, "not one of bitpde.Coded"),
        (None, {"codes": None}, "needed are header, codes"),
        (None, {"more": np.zeros(1)}, r"'more'.*: needed are header, codes"),
        (None, {"scales": None}, "MXFP4_E2M1 needs scales"),
        (None, {"codes": np.zeros(8)}, "packed codes are float64"),
        (None, {"codes": np.zeros((2, 4), np.uint8)}, "of 2 axes: give uint8 of one axis"),
        (None, {"codes": np.zeros(7, np.uint8)}, "7 bytes for 16 codes"),
        (None, {"scales": np.zeros((2, 1), np.int8)}, "scales are int8"),
        (None, {"scales": np.zeros((2, 1), object)}, "damaged .* allow_pickle"),
    ],
)
def test_a_file_that_says_something_else_is_refused(
    entries: Any, members: Any, message: str, path: Path
) -> None:
    with pytest.raises(FormatError, match=rf"^{path}: .*{message}"):
        Coded.load(rewritten(path, entries, **members))


def test_padding_that_is_set_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    Cast(format=INT4).encode([1, 2, 3]).save(path)
    with pytest.raises(FormatError, match="padding bits after the last of 3 codes are set"):
        Coded.load(rewritten(path, codes=np.array([0x21, 0x13], np.uint8)))
