"""Files of PDEBench are read with every axis where it belongs, whatever they leave out.

Every layout is written here from its definition, with h5py alone.
Values tell their own place: the entry at (n, t, x, y, c) is a number with these five digits.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layout_cases import CELLS, FIELD, LINE, Array, N, T, X, Y, opened, places, saved, tensor

from bitpde.pde.data import DataError, open_dataset

h5py = pytest.importorskip("h5py")


# --- PDEBench: one tensor -----------------------------------------------------------------------


def test_a_tensor_is_instances_times_points_and_the_last_time_is_left_out(tmp_path: Path) -> None:
    data = opened(tensor(tmp_path / "any.name"))
    assert (data.layout, data.channels, data.values.dtype) == ("pdebench", ("u",), np.float32)
    np.testing.assert_array_equal(data.values, LINE[..., None])
    np.testing.assert_array_equal(data.times, [0, 1, 2])
    np.testing.assert_array_equal(data.axes[0], CELLS)
    assert {name: each.tolist() for name, each in data.parameters.items()} == {"Nu": [0.01] * N}
    assert data.notes == ("the file has 4 times for 3 frames: the last were left out",)
    assert data.certificate is data.family is data.coefficient is None


def test_times_as_many_as_frames_are_all_kept(tmp_path: Path) -> None:
    data = opened(tensor(tmp_path / "a", **{"t-coordinate": np.arange(3.0) / 2}))
    assert (data.times.tolist(), data.notes) == ([0, 0.5, 1], ())


def test_missing_coordinates_are_assumed_and_noted(tmp_path: Path) -> None:
    data = opened(tensor(tmp_path / "a", **{"t-coordinate": None, "x-coordinate": None}))
    assert (data.times.tolist(), data.axes[0].tolist()) == ([0, 1, 2], CELLS.tolist())
    assert [note.split(":")[0] for note in data.notes] == [
        "the file has no times", "the file has no x-coordinate",
    ]  # fmt: skip


def test_a_leading_axis_of_devices_is_instances(tmp_path: Path) -> None:
    whole = places(6, T, X)
    data = opened(tensor(tmp_path / "a", tensor=whole.reshape(2, 3, T, X)))
    np.testing.assert_array_equal(data.values, whole[..., None])


def test_a_tensor_in_the_plane_has_a_second_coordinate(tmp_path: Path) -> None:
    y = np.arange(Y) / Y
    data = opened(tensor(tmp_path / "a", tensor=FIELD, **{"y-coordinate": y}))
    np.testing.assert_array_equal(data.values, FIELD[..., None])
    assert data.axes[1].tolist() == y.tolist()


def test_old_burgers_files_on_another_interval_are_noted(tmp_path: Path) -> None:
    data = opened(tensor(tmp_path / "a", **{"x-coordinate": 2 * CELLS - 1}))
    assert "its viscosity is Nu / (4 pi)" in data.notes[-1]


@pytest.mark.parametrize("count", [5, 10, 15, 29])
def test_pdebench_tests_on_the_first_tenth_of_a_tensor(count: int, tmp_path: Path) -> None:
    data = opened(tensor(tmp_path / "a", tensor=places(count, T, X)))
    tests = int(count * 0.1)
    assert dict(data.splits) == {"test": range(tests), "train": range(tests, count)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tensor": LINE[0]}, r"tensor of shape \(3, 4\)"),
        ({"x-coordinate": np.arange(5.0)}, r"x-coordinate of shape \(5,\): the field has 4"),
        ({"t-coordinate": np.arange(2.0)}, r"times of shape \(2,\): there are 3 frames"),
        ({"tensor": FIELD, "t-coordinate": None}, "the first axis counts devices only where"),
        ({"tensor": FIELD, "t-coordinate": np.arange(6.0)}, "a field in the plane has y-coordi"),
        ({"tensor": LINE[:0]}, "has the layout pdebench and no instance"),
        ({"tensor": LINE[:, :0]}, "give at least one time, point and channel"),
        ({"x-coordinate": np.array([b"a", b"b"])}, "/x-coordinate holds no numbers"),
        ({"t-coordinate": None, "t-coordinate/t": LINE}, "/t-coordinate holds no numbers"),
        ({"tensor": LINE.astype("i4")}, "numbers of int32"),
        ({"tensor": LINE.astype("f2")}, "numbers of float16"),
    ],
)
def test_a_tensor_whose_shapes_disagree_is_refused(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf"^{tmp_path}/a: .*{said}"):
        open_dataset(tensor(tmp_path / "a", **changes))


def test_numbers_stored_with_the_high_byte_first_are_the_same_numbers(tmp_path: Path) -> None:
    data = opened(tensor(tmp_path / "a", tensor=LINE.astype(">f4")))
    np.testing.assert_array_equal(data.values, LINE[..., None])
    assert data.values.dtype.isnative


def test_darcy_has_its_coefficient_and_one_time(tmp_path: Path) -> None:
    solution, nu = places(N, 1, X, Y), places(N, X, Y) + 0.5
    arrays = {"tensor": solution, "nu": nu, "x-coordinate": CELLS, "y-coordinate": np.arange(6.0)}
    data = opened(saved(tmp_path / "a", arrays, beta=0.1))
    np.testing.assert_array_equal(data.values, solution[..., None])
    assert data.coefficient is not None
    np.testing.assert_array_equal(data.coefficient, nu)
    assert (data.times.tolist(), data.parameters["beta"].tolist()) == ([0], [0.1] * N)
    assert "for beta <= 0.1 its start still shows" in data.notes[-1]
    assert opened(saved(tmp_path / "b", arrays, beta=1.0)).notes == ()
    devices = {**arrays, "tensor": solution[None], "nu": nu[None]}
    np.testing.assert_array_equal(opened(saved(tmp_path / "c", devices)).values, data.values)
    with pytest.raises(DataError, match=r"nu of shape \(5, 6, 4\): tensor says \(5, 4, 6\)"):
        open_dataset(saved(tmp_path / "d", {**arrays, "nu": nu.transpose(0, 2, 1)}))


# --- PDEBench: a group for each instance --------------------------------------------------------


def samples(path: Path, values: Array, **grids: Array) -> Path:
    arrays: dict[str, Any] = {}
    for number, each in enumerate(values):
        arrays[f"{number:04d}/data"] = each.astype("f4")
        arrays |= {f"{number:04d}/grid/{name}": points for name, points in grids.items()}
    return saved(path, arrays)


@pytest.mark.parametrize("count", [5, 15, 20])
def test_a_group_for_each_instance_has_its_channel_last(count: int, tmp_path: Path) -> None:
    values = places(count, T, X, 1)
    data = opened(samples(tmp_path / "a", values, x=CELLS, t=np.arange(3.0)))
    assert data.layout == "pdebench-samples"
    np.testing.assert_array_equal(data.values, values)
    assert (data.axes[0].tolist(), data.times.tolist()) == (CELLS.tolist(), [0, 1, 2])
    learnt = int(count * (1 - 0.1))
    assert dict(data.splits) == {"train": range(learnt), "test": range(learnt, count)}


def test_groups_in_the_plane_have_two_coordinates(tmp_path: Path) -> None:
    values = places(N, T, X, Y, 2)
    data = opened(samples(tmp_path / "a", values, x=CELLS, y=np.arange(6.0), t=np.arange(3.0)))
    np.testing.assert_array_equal(data.values, values)
    assert data.channels == ("u", "v")


def test_an_instance_on_another_grid_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = samples(tmp_path / "a", places(N, T, X, 1), x=CELLS, t=np.arange(3.0))
    with h5py.File(path, "r+") as file:
        file["0003/grid/x"][0] = -1.0
    with open_dataset(path) as data:
        assert data.values[2].shape == (T, X, 1)
        with pytest.raises(DataError, match=r"grid/x of 0003 differs from that of 0000"):
            data.values[3]
    with h5py.File(path, "r+") as file:
        del file["0002/data"]
        file["0002/data"] = np.zeros((T, X + 1, 1), "f4")
    with (
        open_dataset(path) as data,
        pytest.raises(DataError, match=r"instance 2 is float32 \(3, 5, 1\): the first is float32"),
    ):
        data.values[2]
