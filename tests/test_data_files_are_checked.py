"""A check fails of every way in which a file is not what it says, and of no file that is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from data_families import Warmth

from bitpde.pde import RunError
from bitpde.pde.data import (
    FAMILIES,
    Counts,
    Dataset,
    Finding,
    check,
    family_from_json,
    family_named,
    generate,
)
from bitpde.pde.data.check_values import check_values

h5py = pytest.importorskip("h5py")
COUNTS = Counts(train=3, validation=1, test=2)


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "warmth", Warmth())


def generated(folder: Path, dtype: Literal["float32", "float64"]) -> Path:
    family = Warmth(space=2, coefficient=True)
    generate(family, folder / "a.h5", COUNTS, seed=5, dtype=dtype, workers=1)
    return folder / "a.h5"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return generated(tmp_path, "float32")


def verdicts(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {each.check: each.verdict for each in findings}


def failures(path: Path, **options: Any) -> list[str]:
    return [each.check for each in check(path, **options) if each.verdict == "fail"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_file_that_was_generated_passes(
    dtype: Literal["float32", "float64"], tmp_path: Path
) -> None:
    found = {each.check: each for each in check(generated(tmp_path, dtype))}
    assert [name for name, each in found.items() if each.verdict == "fail"] == []
    assert found["instances"].found == "computed again, the same bits: 0, 2, 5"
    assert found["certificate"].found.startswith("measured again, the same: estimated error ")


def _flip(name: str, index: tuple[int, ...]) -> Callable[[Any], None]:
    """Change the last bit of one stored number."""

    def change(file: Any) -> None:
        file[name][index] = np.nextafter(file[name][index], file[name].dtype.type(9))

    return change


def _swap(file: Any) -> None:
    file["values"][...] = file["values"][()][[1, 0, 2, 3, 4, 5]]


def _certificate(old: bytes, new: bytes) -> Callable[[Any], None]:
    """Put ``new`` for the bytes ``old`` of the certificate."""

    def change(file: Any) -> None:
        text = bytes(file.attrs["certificate"])
        assert old in text
        file.attrs["certificate"] = np.bytes_(text.replace(old, new))

    return change


def _other_seed(file: Any) -> None:
    file.attrs["seed"] = "6"


def _no_certificate(file: Any) -> None:
    file.attrs["certificate"] = "null"


def _other_kind(file: Any) -> None:
    file.attrs["family"] = file.attrs["family"].replace("Warmth", "Coldness")


def _no_number(file: Any) -> None:
    file["values"][1, 0, 0, 0, 0] = np.nan


def _twins(file: Any) -> None:
    file["values"][4] = file["values"][1]
    file["coefficient"][4] = file["coefficient"][1]


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        (_flip("values", (2, 1, 3, 4, 0)), ["instances"]),
        (_flip("coefficient", (5, 3, 4)), ["instances"]),
        (_flip("parameters/amplitude", (0,)), ["instances"]),
        (_flip("t", (1,)), ["instances"]),
        (_flip("y", (2,)), ["instances"]),
        (_swap, ["instances"]),
        (_certificate(b'"scheme": "in closed', b'"scheme": "in closet'), ["certificate"]),
        (_certificate(b'"seed": 5', b'"seed": 4'), ["certificate"]),
        (_other_seed, ["instances", "certificate"]),
        (_no_certificate, ["certificate"]),
        (_other_kind, ["instances"]),
        (_no_number, ["finite numbers"]),
        (_twins, ["duplicates"]),
    ],
)
def test_any_change_fails_the_check_that_is_for_it(
    change: Callable[[Any], None], failed: list[str], path: Path
) -> None:
    with h5py.File(path, "r+") as file:
        change(file)
    assert failures(path) == failed


def test_more_instances_find_a_change_that_three_do_not(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        _flip("values", (3, 0, 0, 0, 0))(file)
    assert failures(path) == []
    assert failures(path, instances=6) == ["instances"]
    with pytest.raises(RunError, match="instances is 0"):
        check(path, instances=0)


def test_a_certificate_of_another_version_says_so(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        _certificate(b'"numpy": "', b'"numpy": "0')(file)
    assert failures(path) == []
    with h5py.File(path, "r+") as file:
        _certificate(b'"scheme": "in', b'"scheme": "by')(file)
    said = check(path)[-1].found
    assert said.startswith("scheme is 'by closed form', measured 'in closed form'; made with {")


def memory(values: np.ndarray[Any, Any], **parts: Any) -> Dataset:
    axes = tuple((np.arange(n) + 0.5) / n for n in values.shape[2:-1])
    fixed = {"times": np.arange(values.shape[1]) / 2, "axes": axes, "channels": ("u",)}
    return Dataset(values=values, layout="memory", **fixed | parts)


def wave(count: int, *, steps: int = 3, points: int = 8) -> np.ndarray[Any, Any]:
    x, t = np.arange(points) / points, np.arange(steps)
    numbers = np.arange(1, count + 1)[:, None, None]
    return np.asarray((numbers * np.sin(2 * np.pi * (x - t[:, None] / 8)))[..., None])


def test_waves_that_travel_pass_and_keep_their_mean() -> None:
    findings = check_values(memory(wave(4)))
    assert set(verdicts(findings).values()) == {"pass", "note"}
    said = {each.check: each.found for each in findings}
    assert float(said["conservation"].split()[5]) < 1e-15
    values = wave(4)
    values[2, 1] += 0.5  # of a wave of amplitude 3, whose rms with that is sqrt(9 / 2 + 1 / 12)
    said = {each.check: each.found for each in check_values(memory(values))}
    moved = f"{0.5 / (9 / 2 + 1 / 12) ** 0.5:.1e}"
    assert said["conservation"] == f"mean over space moves by {moved} of the rms at most"


def test_what_is_constant_is_noted() -> None:
    values = wave(5)
    values[1, :] = values[1, :1]
    values[3, 0] = 0.25
    found = {each.check: each for each in check_values(memory(values))}
    assert found["change in time"].verdict == found["variance at t = 0"].verdict == "note"
    assert found["change in time"].found == "1 instances that never change (1)"
    assert "normalize by (3)" in found["variance at t = 0"].found


def test_one_frame_has_nothing_that_changes() -> None:
    assert set(verdicts(check_values(memory(wave(3, steps=1))))) == {
        "t increases", "x increases", "finite numbers", "duplicates",
    }  # fmt: skip


def test_duplicates_in_different_splits_are_told() -> None:
    values = wave(5)
    values[4] = values[0]
    data = memory(values).divided(Counts(train=3, validation=1, test=1))
    found = {each.check: each for each in check_values(data)}
    assert found["duplicates"].verdict == "fail"
    assert found["duplicates"].found == "1 twice: 0 = 4 (train and test)"
    different = memory(values, coefficient=np.arange(40.0).reshape(5, 8))
    assert verdicts(check_values(different))["duplicates"] == "pass"


@pytest.mark.parametrize(
    ("points", "verdict"),
    [
        (np.float64(np.float32((np.arange(1000) + 0.5) / 1000)), "pass"),
        (np.float64(np.float32(np.linspace(0, 500, 101))), "pass"),
        (np.arange(4.0) ** 2, "note"),
        (np.array([0.0, 1.0, 1.0]), "fail"),
        (np.array([0.0, np.nan, 1.0]), "fail"),
        (np.array([0.5]), "pass"),
    ],
)
def test_points_increase_evenly_up_to_their_rounding(
    points: np.ndarray[Any, Any], verdict: str
) -> None:
    data = memory(wave(2, points=points.size), axes=(points,))
    assert verdicts(check_values(data))["x increases"] == verdict


def test_a_file_without_a_family_is_looked_at_alone(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a", "w") as file:
        file["tensor"] = np.float32(wave(12)[..., 0])
    findings = check(tmp_path / "a")
    assert [each.check for each in findings][:2] == ["layout", "layout"]
    assert not {"instances", "certificate"} & set(verdicts(findings))
    assert findings[0].to_json() == dict(
        zip(("check", "verdict", "found"), findings[0].cells(), strict=True)
    )


def test_families_are_known_by_name_and_by_their_json() -> None:
    family = Warmth(points=8, fails=(3,))
    assert family_from_json(family.to_json()) == family
    assert family_named("warmth") == Warmth()
    with pytest.raises(RunError, match=r"there is no family 'coldness': use one of .*warmth"):
        family_named("coldness")
    with pytest.raises(RunError, match=r"known kinds are .*Warmth"):
        family_from_json({"kind": "Coldness"})
