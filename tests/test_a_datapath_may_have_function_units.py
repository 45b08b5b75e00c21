"""Where a datapath names a unit for a function, operations have its bits and its cost."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.cli import main
from bitpde.emu import (
    Datapath,
    DatapathError,
    DifferenceUnit,
    FunctionTable,
    PiecewisePolynomial,
    RoundedFunction,
    Symmetry,
    Tape,
    check_gradient,
    maximum_error,
    ops,
    preset,
)
from bitpde.emu.tape.activation_functions import gelu_slope
from bitpde.formats import BF16, FP16, FP32, FP64, INT8, SMX_INT8, Affine, Cast, Fixed

INPUT = Cast(format=Fixed(bits=12, fraction_bits=9))
OUTPUT = Cast(format=Fixed(bits=12, fraction_bits=11))
TABLE = FunctionTable(
    function="tanh", input=INPUT, address_bits=8, entry=OUTPUT, output=OUTPUT, fraction_bits=3,
    symmetry=Symmetry.ODD,
)  # fmt: skip
POLYNOMIAL = PiecewisePolynomial(
    function="tanh", input=INPUT, segment_bits=3,
    coefficients=(Fixed(bits=14, fraction_bits=11),) * 3, steps=(OUTPUT, OUTPUT),
    symmetry=Symmetry.ODD,
)  # fmt: skip
ROUNDED = RoundedFunction(function="tanh", cast=Cast(format=BF16))
UNITS = [TABLE, POLYNOMIAL, ROUNDED]


def machine(unit: Any, name: str = "smx8") -> Datapath:
    return replace(preset(name), name="mine", functions=(unit,))


@pytest.mark.parametrize("name", ["smx8", "exact"])
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: type(unit).__name__)
@settings(max_examples=20)
@given(
    x=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        elements=st.floats(-9, 9, width=32),
    )
)
def test_tanh_is_that_of_the_unit(unit: Any, name: str, x: NDArray[np.float32]) -> None:
    path = machine(unit, name)
    tape = Tape(path)
    a = tape.parameter(x.astype(path.dtype))
    y = ops.tanh(a)
    assert y.value.dtype == path.dtype
    assert np.array_equal(y.value, unit.apply(x.astype(path.dtype)).values())
    (g,) = tape.gradient(ops.mean_square(y), [a]) if x.size else (None,)
    if g is not None:
        two = path.dtype(2) / path.dtype(x.size)
        assert np.array_equal(g, y.value * two * (1 - y.value * y.value))


@pytest.mark.parametrize("name", ["gelu", "sigmoid"])
def test_activations_of_operator_networks_have_units_too(name: str) -> None:
    unit = RoundedFunction(function=name, cast=Cast(format=BF16))
    path = machine(unit)
    assert Datapath.from_json(path.to_json()) == path
    x = np.linspace(-4, 4, 101, dtype=np.float32)
    tape = Tape(path)
    a = tape.parameter(x)
    y = getattr(ops, name)(a)
    assert np.array_equal(y.value, unit.apply(x).values())
    (g,) = tape.pullback(y, np.ones_like(x), [a])
    slope = gelu_slope(x) if name == "gelu" else y.value * (1 - y.value)
    assert np.array_equal(g, slope)


def test_the_ledger_counts_what_the_operand_loses() -> None:
    x = np.array([0.5, -9.0, 9.0, 2.0**-12, 0.0])  # the second saturates: the least is -4
    tape = Tape(machine(TABLE))
    ops.tanh(tape.constant(x))
    counted = tape.ledgers["tanh"]
    assert (counted.quantizations, counted.saturations, counted.underflows) == (5, 2, 1)
    tape = Tape(machine(ROUNDED))
    ops.tanh(tape.constant(x))
    assert tape.ledgers["tanh"].quantizations == 0


def test_a_number_without_a_code_is_refused() -> None:
    tape = Tape(machine(TABLE))
    large = tape.constant([0.0, 3e38])
    with np.errstate(over="ignore", invalid="ignore"):
        infinite = ops.add(large, large)
        nan = ops.subtract(infinite, infinite)
    for strange in (infinite, nan):
        with pytest.raises(DatapathError, match="operand of tanh has no code in its unit"):
            ops.tanh(strange)


def test_a_shadow_sees_no_more_than_the_largest_error() -> None:
    x = np.random.default_rng(0).uniform(-3.9, 3.9, 2000)
    tape = Tape(machine(TABLE), shadow=True)
    ops.tanh(tape.constant(x))
    assert tape.shadow is not None
    (error,) = tape.shadow.errors
    # The operand is rounded to 2^-9, and tanh has slope 1 at most; the rest is the unit's own.
    own = float(maximum_error(TABLE, Fixed(bits=12, fraction_bits=9)).absolute.high)
    assert 0 < error.local_max <= own + 2.0**-10


def test_a_derivative_by_complex_steps_is_that_of_the_function() -> None:
    assert check_gradient(lambda a: ops.tanh(a), [[0.3, -0.7]]).error < 1e-14


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: type(unit).__name__)
def test_a_machine_with_units_comes_back_and_is_another(unit: Any) -> None:
    path = machine(unit)
    assert Datapath.from_json(json.loads(json.dumps(path.to_json()))) == path
    assert path.digest() != preset("smx8").digest()
    assert path.unit("tanh") == unit
    assert preset("smx8").unit("tanh") is None
    old = preset("smx8").to_json()
    del old["functions"]  # as machines were written before they had units
    assert Datapath.from_json(old) == preset("smx8")


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ([TABLE], "give a tuple"),
        ((DifferenceUnit(function="tanh", step=INPUT, output=INPUT),), "give a tuple"),
        ((TABLE, ROUNDED), "at most for each of tanh"),
        ((RoundedFunction(function="exp", cast=Cast(format=BF16)),), "at most for each of tanh"),
        ((RoundedFunction(function="tanh", cast=Cast(format=FP64)),), "does not hold"),
        ((replace(ROUNDED, cast=Cast(format=Fixed(bits=26, fraction_bits=20))),), "does not hold"),
        ((replace(ROUNDED, cast=Cast(format=Fixed(bits=8, fraction_bits=160))),), "does not hold"),
    ],
)
def test_other_units_are_refused(units: Any, words: str) -> None:
    with pytest.raises(DatapathError, match=words):
        replace(preset("smx8"), functions=units)


@pytest.mark.parametrize("format", [SMX_INT8, Affine(element=INT8, scale=(0.5,), zero_point=(3,))])
def test_a_unit_writes_scalars(format: Any) -> None:
    with pytest.raises(DatapathError, match="choose a scalar format"):
        RoundedFunction(function="tanh", cast=Cast(format=format))


def test_formats_that_just_fit_are_held() -> None:
    for format in (FP32, FP16, Fixed(bits=25, fraction_bits=24), Fixed(bits=8, fraction_bits=149)):
        unit = RoundedFunction(function="tanh", cast=Cast(format=format))
        assert machine(unit).unit("tanh") == unit
    wide = RoundedFunction(function="tanh", cast=Cast(format=FP64))
    assert machine(wide, "exact").unit("tanh") == wide


def test_the_command_shows_units(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(machine(TABLE).to_json()))
    assert main(["datapath", "show", str(file)]) == 0
    shown = capsys.readouterr().out
    for words in ("SMX_INT8", "as fma_fp32", "tanh         FunctionTable", "address_bits 8"):
        assert words in shown
    assert main(["datapath", "show", str(file), "--json"]) == 0
    assert Datapath.from_json(json.loads(capsys.readouterr().out)) == machine(TABLE)
