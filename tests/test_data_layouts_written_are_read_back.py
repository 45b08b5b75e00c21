"""What is written in PDEBench's layouts is read back bit for bit, and laid out as PDEBench does."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bitpde.pde.data import (
    DataError,
    Dataset,
    open_dataset,
    write_pdebench,
    write_pdebench_samples,
)

h5py = pytest.importorskip("h5py")
Array = np.ndarray[Any, Any]
WRITERS = {"pdebench": write_pdebench, "pdebench-samples": write_pdebench_samples}

#: Negative zero, subnormal numbers, infinities, and NaN both signalling and with a payload.
SPECIAL = (0x80000000, 0x00000001, 0x807FFFFF, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFC12345)
BITS = st.one_of(st.sampled_from(SPECIAL), st.integers(0, 2**32 - 1))


@st.composite
def datasets(draw: st.DrawFn, space: int, channels: int, steps: int = 3) -> Dataset:
    """Data of any float32, negative zeros, subnormals and NaN with a payload among them."""
    sizes = st.integers(1, 3)
    count = draw(st.integers(1, 4))
    grid = tuple(draw(sizes) for _ in range(space))
    times = 1 if steps == 1 else draw(st.integers(2, steps))
    shape = (count, times, *grid, channels)
    bits = draw(arrays(np.uint32, shape, elements=BITS))
    fields = arrays(np.uint32, (count, *grid), elements=BITS)
    still = draw(fields).view(np.float32) if steps == 1 else None
    numbers = draw(arrays(np.float64, count, elements=st.floats(-1e9, 1e9)))
    return Dataset(
        values=bits.view(np.float32),
        times=np.arange(float(times)) / 4,
        axes=tuple((np.arange(size) + 0.5) / 4 for size in grid),
        channels=tuple("uvw"[:channels]),
        parameters={"viscosity": np.full(count, 0.25), "phase": numbers},
        coefficient=still,
        layout="memory",
    )


def same_bits(read: Any, written: Any) -> bool:
    return (read.shape, read.dtype, read.tobytes()) == (
        written.shape, written.dtype, written.tobytes(),
    )  # fmt: skip


def require_same(name: str, data: Dataset) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        WRITERS[name](data, path)
        with open_dataset(path) as found:
            again = found.in_memory()
    assert again.layout == name
    assert same_bits(again.values, data.values)
    assert (again.coefficient is None) == (data.coefficient is None)
    if data.coefficient is not None:
        assert same_bits(again.coefficient, data.coefficient)
    assert again.times.tolist() == data.times.tolist()
    for found_axis, axis in zip(again.axes, data.axes, strict=True):
        assert found_axis.tolist() == axis.tolist()
    assert again.parameters["phase"].tolist() == data.parameters["phase"].tolist()
    assert again.parameters["viscosity"].tolist() == data.parameters["viscosity"].tolist()


@settings(max_examples=25)
@given(datasets(1, 1))
def test_a_tensor_comes_back_bit_for_bit(data: Dataset) -> None:
    require_same("pdebench", data)


@settings(max_examples=25)
@given(datasets(2, 1, steps=1))
def test_darcy_flow_comes_back_bit_for_bit(data: Dataset) -> None:
    require_same("pdebench", data)


@settings(max_examples=25)
@given(st.one_of(datasets(1, 1), datasets(1, 2), datasets(2, 3)))
def test_a_group_for_each_instance_comes_back_bit_for_bit(data: Dataset) -> None:
    require_same("pdebench-samples", data)


def lawful(**changes: Any) -> Dataset:
    parts: dict[str, Any] = {
        "values": np.arange(24.0).reshape(2, 3, 4, 1) / 3,
        "times": np.array([0.0, 0.5, 1.0]),
        "axes": (np.arange(4.0),),
        "channels": ("u",),
        "layout": "memory",
    }
    return Dataset(**parts | changes)


def test_pdebench_finds_what_its_readers_look_for(tmp_path: Path) -> None:
    family = {"kind": "BurgersFamily", "diffusivity": 0.5, "points": 4, "periodic": True}
    write_pdebench(lawful(family=family), tmp_path / "a")
    with h5py.File(tmp_path / "a") as file:
        assert file["tensor"].shape == (2, 3, 4)
        assert {file[n].dtype.name for n in file} == {"float32"}
        assert file["t-coordinate"][()].tolist() == [0, 0.5, 1, 1.5]  # readers cut the last off
        assert dict(file.attrs) == {"Nu": 0.5 * np.pi, "family": json.dumps(family)}
    field = np.arange(24.0).reshape(2, 1, 4, 3, 1)
    data = lawful(
        values=field, times=np.zeros(1), axes=(np.arange(4.0), np.arange(3.0)),
        coefficient=field[:, 0, ..., 0], family={"kind": "DarcyFamily", "source": 2.0},
    )  # fmt: skip
    write_pdebench(data, tmp_path / "b")
    with h5py.File(tmp_path / "b") as file:
        assert set(file) == {"tensor", "nu", "x-coordinate", "y-coordinate"}
        assert (file["tensor"].shape, file["nu"].shape) == ((2, 1, 4, 3), (2, 4, 3))
        assert set(file.attrs) == {"beta", "family"}
        assert file.attrs["beta"] == 2
    write_pdebench_samples(lawful(), tmp_path / "c")
    with h5py.File(tmp_path / "c") as file:
        assert list(file) == ["0000", "0001"]
        assert file["0001/data"].shape == (3, 4, 1)
        assert set(file["0001/grid"]) == {"t", "x"}


def test_float64_is_rounded_once(tmp_path: Path) -> None:
    data = lawful()
    for name, write in WRITERS.items():
        write(data, tmp_path / name)
        with open_dataset(tmp_path / name) as found:
            np.testing.assert_array_equal(found.values, np.float32(np.asarray(data.values)))
        with pytest.raises(DataError, match="too large for float32"):
            write(lawful(values=np.full((2, 3, 4, 1), 1e39)), tmp_path / "large")
    assert not (tmp_path / "large").exists()


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("pdebench", {"channels": ("u", "v"), "values": np.zeros((2, 3, 4, 2))}, "2 channels on 1"),
        (
            "pdebench",
            {"axes": (np.arange(4.0), np.arange(2.0)), "values": np.zeros((2, 3, 4, 2, 1))},
            r"write a group for each instance \(pdebench-samples\)",
        ),
        ("pdebench-samples", {"coefficient": np.zeros((2, 4))}, r"write a tensor \(pdebench\)"),
    ],
)
def test_what_a_layout_has_no_place_for_is_not_lost(
    name: str, changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=said):
        WRITERS[name](lawful(**changes), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
