"""A file holds the numbers of its family, float32 rounded once, and splits that share nothing."""

from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_families import Warmth
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bitpde.pde import RunError
from bitpde.pde.data import (
    Certificate,
    Counts,
    DataError,
    Dataset,
    Rows,
    generate,
    open_dataset,
)
from bitpde.pde.data.new_file import rounded

h5py = pytest.importorskip("h5py")
COUNTS = Counts(train=3, validation=2, test=1)
PLANE = Warmth(space=2, coefficient=True)


@pytest.fixture(scope="module", params=["float32", "float64"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / f"{request.param}.h5"
    generate(PLANE, path, COUNTS, seed=5, dtype=request.param, workers=1)
    return path


def test_values_are_those_of_the_family_and_the_rest_is_float64(file: Path) -> None:
    with open_dataset(file) as data:
        assert (data.layout, data.channels, data.resolution) == ("bitpde", ("u",), (6, 8))
        assert data.values.dtype.name == file.stem
        assert data.values.shape == (6, 3, 6, 8, 1)
        assert bool(data.notes) == (file.stem == "float32")
        for number in range(6):
            exact = PLANE.instance(5, number)
            read = data.trajectory(number)
            np.testing.assert_array_equal(data.values[number], exact.values.astype(file.stem))
            assert exact.coefficient is not None
            assert data.coefficient is not None
            np.testing.assert_array_equal(
                data.coefficient[number], exact.coefficient.astype(file.stem)
            )
            for ours, theirs in zip(
                (read.times, *read.axes), (exact.times, *exact.axes), strict=True
            ):
                assert ours.tobytes() == theirs.tobytes()
            assert dict(read.parameters) == dict(exact.parameters)


def test_the_certificate_is_of_these_instances_and_in_the_file(file: Path) -> None:
    with open_dataset(file) as data:
        assert data.certificate == PLANE.certify(5, (0, 2, 5))
        assert (data.family, data.seed) == (PLANE.to_json(), 5)
    with h5py.File(file) as raw:
        assert raw["values"].chunks == (1, 3, 6, 8, 1)
        assert raw.attrs["version"] == 1


@given(arrays(np.float64, 5, elements=st.floats(-3e38, 3e38)))
def test_float32_is_one_rounding_to_nearest_even(values: np.ndarray[Any, Any]) -> None:
    stored = rounded(values, np.float32)
    for value, kept in zip(values.tolist(), stored, strict=True):
        near = [kept, np.nextafter(kept, np.float32(-1e38)), np.nextafter(kept, np.float32(1e38))]
        errors = [abs(Fraction(float(each)) - Fraction(value)) for each in near]
        assert errors[0] == min(errors)
        if errors.count(errors[0]) > 1:  # a tie
            assert not int(kept.view(np.uint32)) & 1


def test_a_value_beyond_float32_is_an_error_and_not_an_infinity(tmp_path: Path) -> None:
    family = Warmth(size=1e42)
    with pytest.raises(DataError, match=r"^6 of 6 .* is too large for float32: ask for float64"):
        generate(family, tmp_path / "a.h5", COUNTS, seed=0, workers=1)
    generate(family, tmp_path / "b.h5", COUNTS, seed=0, dtype="float64", workers=1)
    with open_dataset(tmp_path / "b.h5") as data:
        assert np.abs(data.values[:]).max() > 1e38


def test_a_certificate_that_does_not_fit_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certify = Warmth.certify

    def wordy(self: Warmth, seed: int, numbers: tuple[int, ...]) -> Certificate:
        found = certify(self, seed, numbers).to_json()
        return Certificate.from_json(found | {"scheme": "x" * 20_000})

    monkeypatch.setattr(Warmth, "certify", wordy)
    with pytest.raises(DataError, match="the file has room for 16384"):
        generate(Warmth(), tmp_path / "data.h5", COUNTS, seed=0, workers=1)
    with open_dataset(tmp_path / "data.h5") as data:
        assert data.certificate is None


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9))
def test_splits_are_contiguous_disjoint_and_all(train: int, validation: int, test: int) -> None:
    splits = Counts(train=train, validation=validation, test=test).splits
    assert list(splits) == ["train", "validation", "test"]
    assert [len(each) for each in splits.values()] == [train, validation, test]
    assert [n for each in splits.values() for n in each] == list(range(train + validation + test))
    for one, other in combinations(splits.values(), 2):
        assert not set(one) & set(other)


def test_a_split_is_read_as_the_instances_it_names(file: Path) -> None:
    with open_dataset(file) as data:
        everything = data.values[:]
        for name, numbers in data.splits.items():
            part = data.split(name)
            assert len(part) == len(numbers)
            np.testing.assert_array_equal(part.values[:], everything[list(numbers)])
            assert part.parameters["amplitude"].tolist() == [
                PLANE.instance(5, number).parameters["amplitude"] for number in numbers
            ]
            assert dict(part.splits) == {}
        with pytest.raises(RunError, match=r"no split 'valid' in bitpde \(known: train, valid"):
            data.split("valid")
        with pytest.raises(RunError, match="every 2th instance"):
            data[::2]
        one: Any = 2
        with pytest.raises(RunError, match=r"take a slice, or its trajectory\(2\)"):
            data[one]
        with pytest.raises(RunError, match="counts of 7 instances: there are 6"):
            data.divided(Counts(train=7, validation=0, test=0))
        assert len(data.divided(Counts(train=1, validation=1, test=3)).split("test")) == 3
        assert len(data[4:2]) == 0
        assert len(data[-2:].in_memory().values) == 2


INDICES: list[Any] = [
    3, -1, slice(None), slice(1, 4), slice(4, 1), slice(None, None, -2), [4, 0, 0],
    np.array([2, 1]), np.arange(6) % 2 == 0, (2, 0), (slice(1, 3), ..., 0), ([1, 5], 2),
    (slice(None), 1, slice(2)), (4, ..., 0), np.array([[0, 1], [2, 3]]),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_rows_are_indexed_as_the_array_they_stand_for(index: Any) -> None:
    array = np.arange(6 * 3 * 4, dtype=np.float32).reshape(6, 3, 4)
    rows = Rows(shape=array.shape, dtype=array.dtype, read=lambda number: array[number])
    np.testing.assert_array_equal(rows[index], array[index])
    np.testing.assert_array_equal(rows.part(1, 5)[1:3], array[1:5][1:3])
    np.testing.assert_array_equal(np.asarray(rows, np.float64), array)
    assert (rows.ndim, len(rows)) == (3, 6)
    for wrong in (6, -7, [0, 6]):
        with pytest.raises(IndexError):
            rows[wrong]


def test_only_the_instances_asked_for_are_read() -> None:
    asked: list[int] = []

    def read(number: int) -> np.ndarray[Any, Any]:
        asked.append(number)
        return np.zeros(2)

    rows = Rows(shape=(9, 2), dtype=np.dtype("f8"), read=read)
    data = Dataset(
        values=Rows(shape=(9, 1, 2, 1), dtype=rows.dtype, read=lambda n: read(n).reshape(1, 2, 1)),
        times=np.zeros(1), axes=(np.arange(2.0),), channels=("u",), layout="memory",
    )  # fmt: skip
    data.divided(Counts(train=5, validation=2, test=2)).split("test")
    assert asked == []
    assert rows[[3, 1], 0].tolist() == [0, 0]
    assert data[4:].values[1].shape == (1, 2, 1)
    assert asked == [3, 1, 5]
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(rows, copy=False)


def test_a_closed_file_is_an_error_and_what_is_in_memory_stays(file: Path) -> None:
    with open_dataset(file) as data:
        kept = data.in_memory()
        view = data[1:3]
    assert np.isfinite(kept.values[2]).all()
    assert kept.coefficient is not None
    for closed in (data, view):
        with pytest.raises(DataError, match="is closed: read within its context"):
            closed.values[0]


def lawful(**changes: Any) -> dict[str, Any]:
    return {
        "values": np.zeros((2, 1, 4, 3, 1)), "times": np.zeros(1), "layout": "memory",
        "axes": (np.arange(4.0), np.arange(3.0)), "channels": ("u",),
        "parameters": {"nu": np.zeros(2)}, "coefficient": np.zeros((2, 4, 3)),
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"values": np.zeros((2, 1, 4, 3))}, r"values of shape \(2, 1, 4, 3\): .* say \(2, 1, 4,"),
        ({"channels": ("u", "v")}, "values of shape"),
        ({"coefficient": np.zeros((2, 3, 4))}, r"coefficient of shape \(2, 3, 4\)"),
        ({"parameters": {"nu": np.zeros(3)}}, r"parameter nu of shape \(3,\): there are 2"),
        ({"values": np.zeros((2, 1, 4, 3, 1), np.int64)}, "numbers of int64: give float32"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], said: str) -> None:
    assert len(Dataset(**lawful())) == 2
    with pytest.raises(DataError, match=said):
        Dataset(**lawful(**changes))


@pytest.mark.parametrize("field", ["train", "validation", "test"])
def test_counts_are_whole_numbers(field: str) -> None:
    fine = {"train": 1, "validation": 1, "test": 1}
    with pytest.raises(RunError, match=f"Counts.{field} is -1"):
        Counts(**fine | {field: -1})
    with pytest.raises(RunError, match="Counts of no instances"):
        Counts(train=0, validation=0, test=0)


def test_another_version_of_the_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    generate(Warmth(), path, COUNTS, seed=0, workers=1)
    with h5py.File(path, "r+") as raw:
        raw.attrs["version"] = 2
    with pytest.raises(DataError, match=r"version 2 of the layout bitpde.dataset: this bitpde rea"):
        open_dataset(path)
    with pytest.raises(DataError, match="version 2"):
        generate(Warmth(), path, COUNTS, seed=0, workers=1)
