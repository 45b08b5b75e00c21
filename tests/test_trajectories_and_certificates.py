"""A trajectory holds finite numbers on a grid that fits them, and a certificate is plain data."""

import json
import math
from typing import Any

import numpy as np
import pytest

from bitpde.pde import RunError
from bitpde.pde.data import Certificate, Trajectory


def parts(**changes: Any) -> dict[str, Any]:
    """Return the parts of a lawful trajectory, some changed."""
    return {
        "values": np.zeros((2, 4, 3, 1)),
        "times": np.array([0.0, 1.0]),
        "axes": (np.arange(4.0), np.arange(3.0)),
        "channels": ("u",),
        "parameters": {"viscosity": 0.1},
        "coefficient": np.ones((4, 3)),
    } | changes


def spoilt(shape: tuple[int, ...], index: tuple[int, ...], value: float) -> np.ndarray[Any, Any]:
    array = np.zeros(shape)
    array[index] = value
    return array


def test_a_lawful_trajectory_is_taken() -> None:
    assert Trajectory(**parts()).values.shape == (2, 4, 3, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"values": np.zeros((2, 4, 3))}, r"values of shape \(2, 4, 3\): .* say \(2, 4, 3, 1\)"),
        ({"axes": ()}, "values of shape"),
        ({"coefficient": np.ones((3, 4))}, r"a coefficient of shape \(3, 4\): the grid has"),
        ({"times": np.array([1.0, 1.0])}, "give increasing ones"),
        ({"values": spoilt((2, 4, 3, 1), (1, 2, 0, 0), math.inf)}, r"hold inf at \[1, 2, 0, 0\]"),
        ({"coefficient": spoilt((4, 3), (3, 1), math.nan)}, r"coefficient .* hold nan at \[3, 1\]"),
        ({"parameters": {"viscosity": math.nan}}, r"viscosity of a trajectory hold nan at \[\]"),
    ],
)
def test_any_other_is_refused_with_what_is_wrong(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RunError, match=said):
        Trajectory(**parts(**changes))


def test_a_certificate_survives_json() -> None:
    certificate = Certificate(
        family={"kind": "Burgers"}, seed=1, scheme="ETDRK4", order_in_space=None, order_in_time=4.0,
        self_convergence=1e-9, residual=1e-10, residual_of="the mean", boundary_error=0.0,
        estimated_error=1e-9, instances=(0, 3),
    )  # fmt: skip
    assert Certificate.from_json(json.loads(json.dumps(certificate.to_json()))) == certificate


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(RunError, match="give one with the entries"):
        Certificate.from_json({"family": {}})
