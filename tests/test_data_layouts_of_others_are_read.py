"""Files of others are recognised by what they hold, and read with every axis where it belongs.

Every layout is written here from its definition, with h5py or scipy alone.
Values tell their own place: the entry at (n, t, x, y, c) is a number with these five digits.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layout_cases import CELLS, FIELD, LINE, Array, N, T, X, Y, opened, places, saved, tensor
from scipy.io import savemat

from bitpde.pde.data import LAYOUTS, DataError, open_dataset

h5py = pytest.importorskip("h5py")


# --- PDEArena -----------------------------------------------------------------------------------


def smoke(file: Any, split: str, start: int, stop: int) -> None:
    count = stop - start
    group = file.create_group(split)
    for k, name in enumerate(("u", "vx", "vy")):
        group[name] = FIELD[start:stop] * 10 + k
    for name, points in (("t", np.arange(3.0)), ("x", CELLS), ("y", np.arange(6.0))):
        group[name] = np.tile(points, (count, 1))
    group["buo_y"] = np.arange(start, stop) / 10
    group["dt"] = np.ones(count)


def test_pdearena_has_a_group_for_each_split(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a", "w") as file:
        smoke(file, "valid", 3, 4)
        smoke(file, "test", 4, 5)
        smoke(file, "train", 0, 3)
    data = opened(tmp_path / "a")
    assert (data.layout, data.channels) == ("pdearena", ("u", "vx", "vy"))
    np.testing.assert_array_equal(data.values, places(N, T, X, Y, 3))
    assert dict(data.splits) == {"train": range(3), "validation": range(3, 4), "test": range(4, 5)}
    assert data.parameters["buo_y"].tolist() == [0, 0.1, 0.2, 0.3, 0.4]
    assert [axis.size for axis in data.axes] == [X, Y]
    np.testing.assert_array_equal(data.split("test").values[0], places(N, T, X, Y, 3)[4])
    with h5py.File(tmp_path / "a", "r+") as file:
        file["valid/y"][0, 2] = 9.0
    with pytest.raises(DataError, match="y of instance 3 differs from that of instance 0"):
        open_dataset(tmp_path / "a")
    with h5py.File(tmp_path / "a", "r+") as file:
        del file["valid/vx"]
    with pytest.raises(DataError, match=r"vx of /valid is missing"):
        open_dataset(tmp_path / "a")


# --- Fourier neural operators -------------------------------------------------------------------


def matlab_5(path: Path, arrays: dict[str, Array]) -> Path:
    savemat(path, arrays, appendmat=False)
    return path


def matlab_73(path: Path, arrays: dict[str, Array]) -> Path:
    """As MATLAB writes them: HDF5 behind a user block, axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = array.transpose()
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return path


Save = Callable[[Path, dict[str, Array]], Path]
BOTH = pytest.mark.parametrize("save", [matlab_5, matlab_73])


@BOTH
def test_vorticity_has_its_times_last(save: Save, tmp_path: Path) -> None:
    first, later = FIELD[:, 0], np.moveaxis(FIELD[:, 1:], 1, -1)
    data = opened(save(tmp_path / "a", {"a": first, "u": later, "t": np.array([[0.5, 1.0]])}))
    assert data.layout == "fno"
    np.testing.assert_array_equal(data.values, FIELD[..., None])
    assert data.times.tolist() == [0, 0.5, 1]
    untimed = opened(save(tmp_path / "b", {"a": first, "u": later}))
    np.testing.assert_array_equal(untimed.values, data.values)
    assert untimed.times.tolist() == [0, 1, 2]
    assert "are taken at 1, 2, ..." in untimed.notes[-1]
    whole = np.moveaxis(FIELD, 1, -1)
    again = opened(save(tmp_path / "c", {"a": first, "u": whole, "t": np.arange(3.0)[None]}))
    np.testing.assert_array_equal(again.values, FIELD[..., None])
    assert dict(data.splits) == {}


@BOTH
def test_a_coefficient_and_a_solution_are_darcy_flow(save: Save, tmp_path: Path) -> None:
    a, u = places(N, X, Y), places(N, X, Y) + 0.5
    for names in (("coeff", "sol"), ("a", "u")):
        data = opened(save(tmp_path / names[0], dict(zip(names, (a, u), strict=True))))
        np.testing.assert_array_equal(data.values, u[:, None, :, :, None])
        assert data.coefficient is not None
        np.testing.assert_array_equal(data.coefficient, a)
        assert data.axes[0].tolist() == CELLS.tolist()


@BOTH
def test_two_profiles_are_the_first_and_the_last_time(save: Save, tmp_path: Path) -> None:
    data = opened(save(tmp_path / "a", {"a": LINE[:, 0], "u": LINE[:, 1]}))
    np.testing.assert_array_equal(data.values, LINE[:, :2, :, None])
    assert data.times.tolist() == [0, 1]


def test_hdf5_that_matlab_did_not_write_keeps_its_order(tmp_path: Path) -> None:
    data = opened(saved(tmp_path / "a", {"a": LINE[:, 0], "u": LINE[:, 1]}))
    np.testing.assert_array_equal(data.values, LINE[:, :2, :, None])


def test_whole_numbers_of_matlab_become_float64(tmp_path: Path) -> None:
    a = np.where(places(N, X, Y) % 2 > 0, 12, 3).astype(np.uint8)
    data = opened(matlab_5(tmp_path / "a", {"coeff": a, "sol": places(N, X, Y).astype("f4")}))
    assert data.coefficient is not None
    assert (data.coefficient.dtype, data.values.dtype) == (np.float64, np.float32)
    np.testing.assert_array_equal(data.coefficient, a)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": LINE[:, 0], "u": LINE[:4, 1]}, "a and u have 5, 4 instances"),
        ({"a": FIELD, "u": FIELD}, r"a of shape \(5, 3, 4, 6\) and u of shape"),
        ({"a": FIELD[:, 0], "u": FIELD}, r"u of shape \(5, 3, 4, 6\): give \(N, X\[, Y\]\)"),
        ({"a": LINE[:, 0], "u": LINE.swapaxes(1, 2), "t": np.arange(4.0)}, "t has 4 times"),
        ({"a": LINE[:, 0] * 1j, "u": LINE[:, 0]}, "an array of complex128: give real numbers"),
        ({"x": LINE}, "a MATLAB file with x: known are a and u"),
    ],
)
def test_other_matlab_arrays_are_refused(
    arrays: dict[str, Array], said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf"^{tmp_path}/a: .*{said}"):
        open_dataset(matlab_5(tmp_path / "a", arrays))


# --- The Well -----------------------------------------------------------------------------------


def well(path: Path, *, changes: Callable[[Any], None] = lambda file: None) -> Path:
    """As its specification says: scalars of two kinds, a vector, a constant field, parameters."""
    with h5py.File(path, "w") as file:
        file.attrs["n_trajectories"] = N
        space = file.create_group("dimensions")
        space.attrs["spatial_dims"] = ["x", "y"]
        space["time"], space["x"], space["y"] = np.arange(3.0), CELLS, np.arange(6.0)
        fields = {
            "t0_fields/density": (FIELD * 10, True, True, [True, True]),
            "t0_fields/profile": (places(N, T, Y) + 0.25, True, True, [False, True]),
            "t0_fields/medium": (places(X, Y) + 0.5, False, False, [True, True]),
            "t1_fields/velocity": (places(N, T, X, Y, 2) + 1, True, True, [True, True]),
        }
        for name, (array, sample, time, dims) in fields.items():
            file[name] = array.astype("f4")
            file[name].attrs.update(
                {"sample_varying": sample, "time_varying": time, "dim_varying": dims}
            )
        file["t0_fields"].attrs["field_names"] = ["density", "profile", "medium"]
        file["t1_fields"].attrs["field_names"] = ["velocity"]
        file.create_group("t2_fields").attrs["field_names"] = np.array([], "f8")
        file["scalars/Re"], file["scalars/kappa"] = np.arange(5.0), np.array([7.0])
        walls = file.create_group("boundary_conditions/x_wall")
        walls.attrs["bc_type"] = "WALL"
        changes(file)
    return path


def test_the_well_has_scalars_vectors_and_what_they_do_not_vary_along(tmp_path: Path) -> None:
    data = opened(well(tmp_path / "a"))
    assert data.layout == "the-well"
    assert data.channels == ("density", "profile", "velocity_x", "velocity_y")
    np.testing.assert_array_equal(data.values[..., 0], FIELD * 10)
    profile = (places(N, T, Y) + 0.25)[:, :, None]
    np.testing.assert_array_equal(data.values[..., 1], np.broadcast_to(profile, FIELD.shape))
    np.testing.assert_array_equal(data.values[..., 2:], places(N, T, X, Y, 2) + 1)
    assert data.coefficient is not None
    np.testing.assert_array_equal(data.coefficient, np.tile(places(X, Y) + 0.5, (N, 1, 1)))
    assert data.parameters["Re"].tolist() == [0, 1, 2, 3, 4]
    assert data.parameters["kappa"].tolist() == [7] * N
    assert data.notes == ("boundary x_wall: wall",)


def _three(file: Any) -> None:
    file["dimensions"].attrs["spatial_dims"] = ["x", "y", "z"]


def _no_dimensions(file: Any) -> None:
    del file["dimensions"].attrs["spatial_dims"]


def _two_still(file: Any) -> None:
    file["t0_fields/profile"].attrs["time_varying"] = False


def _short(file: Any) -> None:
    del file["dimensions/time"]
    file["dimensions/time"] = np.arange(4.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_three, r"3 dimensions of space \(x, y, z\): one or two"),
        (_no_dimensions, "lacks a part of its layout: .*spatial_dims"),
        (_two_still, "profile, /t0_fields/medium do not vary in time or between"),
    ],
)
def test_what_a_data_set_has_no_place_for_is_refused(
    change: Callable[[Any], None], said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=said):
        open_dataset(well(tmp_path / "a", changes=change))


def test_fields_of_the_well_have_as_many_frames_as_times(tmp_path: Path) -> None:
    with (
        open_dataset(well(tmp_path / "a", changes=_short)) as data,
        pytest.raises(DataError, match=r"/t0_fields/density of shape .* the dimensions say \(4"),
    ):
        data.values[0]


# --- and no others ------------------------------------------------------------------------------


def test_a_file_of_no_layout_names_its_keys_and_the_layouts(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.hdf5", {"rho": LINE, "p/q": LINE})
    with pytest.raises(DataError) as refused:
        open_dataset(path)
    said = str(refused.value)
    assert said.startswith(f"{path}: no known layout has the keys p/, rho (5, 3, 4); known are ")
    assert all(layout.name in said and layout.keys in said for layout in LAYOUTS)


def test_an_empty_file_and_a_text_and_a_part_of_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("some words that are longer than a header of MATLAB" * 9)
    whole = tensor(tmp_path / "whole").read_bytes()
    (tmp_path / "part").write_bytes(whole[: len(whole) // 2])
    saved(tmp_path / "none", {})
    for name, said in {
        "empty": "neither HDF5 nor MATLAB",
        "text": "neither HDF5 nor MATLAB",
        "part": "cannot be opened as HDF5",
        "none": r"has the keys \(none\)",
    }.items():
        with pytest.raises(DataError, match=said):
            open_dataset(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        open_dataset(tmp_path / "nowhere")


def test_a_refused_file_is_closed(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", {"rho": LINE})
    with pytest.raises(DataError):
        open_dataset(path)
    with h5py.File(path, "r+") as file:  # refused as long as it is open for reading
        file["more"] = LINE
