"""A shadow changes no bit; its twin is the run on ``exact``; local errors are of one operation."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from bitpde.cli import main
from bitpde.emu import PRESETS, Node, OpError, Tape, ops, preset
from bitpde.pde import MLP, Poisson, Run, initial_state, step_errors, training_step

Values = NDArray[np.float64]
RNG = np.random.default_rng(5)
LEAVES = [RNG.standard_normal(shape) for shape in ((10, 8), (8, 5), (1, 5), (10, 5))]


def network(tape: Tape, leaves: Sequence[Values] = LEAVES) -> tuple[Node, list[Node]]:
    """Return a loss in which every operation occurs, and its parameters."""
    x, w, b, target = (tape.parameter(leaf) for leaf in leaves)
    hidden = ops.tanh(ops.add(ops.matmul(x, w), b))
    difference = ops.subtract(ops.scale(ops.multiply(hidden, hidden), 0.3), target)
    some = ops.reshape(ops.columns(difference, 1, 4), (5, 6))
    return ops.mean_square(ops.contract(some, np.full((6, 2), 0.1))), [x, w, b, target]


@pytest.mark.parametrize("machine", PRESETS)
def test_a_shadow_changes_no_bit_and_no_count(machine: str) -> None:
    found = []
    for shadow in (False, True):
        tape = Tape(preset(machine), shadow=shadow)
        loss, leaves = network(tape)
        found.append((loss.value, *tape.gradient(loss, leaves), tape.ledgers))
    *plain, counts = found[0]
    *shadowed, same_counts = found[1]
    for one, other in zip(plain, shadowed, strict=True):
        assert_array_equal(one, other, strict=True)
    assert counts == same_counts


def test_on_the_exact_machine_there_is_no_error() -> None:
    tape = Tape(preset("exact"), shadow=True)
    loss, leaves = network(tape)
    tape.gradient(loss, leaves)
    assert tape.shadow is not None
    assert len(tape.shadow.errors) == 10 + 14
    assert all(e.total == e.total_max == e.local == e.local_max == 0 for e in tape.shadow.errors)
    assert all(e.signal > 0 and e.total_sqnr == np.inf for e in tape.shadow.errors)


def rms(values: Values) -> float:
    return float(np.sqrt(np.mean(values**2)))


def seen(tape: Tape, op: str, parent: int | None) -> OpError:
    assert tape.shadow is not None
    (found,) = [e for e in tape.shadow.errors if (e.op, e.parent) == (op, parent)]
    return found


@pytest.mark.parametrize("machine", ["smx8", "mxint8", "fp32"])
def test_total_errors_are_the_distances_to_the_run_in_float64(machine: str) -> None:
    tapes = Tape(preset(machine), shadow=True), Tape(preset("exact"))
    ends = [network(tape) for tape in tapes]
    gradients = [t.gradient(loss, leaves) for t, (loss, leaves) in zip(tapes, ends, strict=True)]
    shadow = tapes[0].shadow
    assert shadow is not None
    for node, twin in zip(ends[0][1], ends[1][1], strict=True):
        assert_array_equal(shadow.twin(node), twin.value)
    assert_array_equal(shadow.twin(ends[0][0]), ends[1][0].value)
    for op, parent, index in (("matmul", 0, 0), ("matmul", 1, 1), ("add", 1, 2)):
        error, exact = gradients[0][index] - gradients[1][index], gradients[1][index]
        found = seen(tapes[0], op, parent)
        # sums of at most 80 squares, in another order: 80 roundings each, halved by the root
        assert found.total == pytest.approx(rms(error), rel=1e-14)
        assert found.signal == pytest.approx(rms(exact), rel=1e-14)
        assert found.total_max == np.abs(error).max()


def test_local_errors_are_of_one_operation_on_the_operands_it_has() -> None:
    tape = Tape(preset("smx8"), shadow=True)
    # In one tile with 16, steps are 0.125: 0.3 and 0.1 become 0.25 and 0.125; all else is exact.
    w = tape.parameter([[16.0], [0.3]])
    one = ops.matmul(tape.constant([[0.0, 1.0]]), w)
    two = ops.matmul(tape.constant([[0.0, 1.0]]), ops.matmul(tape.constant(np.eye(2)), w))
    assert (one.value.item(), two.value.item()) == (0.25, 0.25)
    assert tape.shadow is not None
    first, inner, outer = tape.shadow.errors
    third = float(np.float32(0.3))
    assert (first.local, first.total) == (third - 0.25, 0.3 - 0.25)
    assert inner.local_max == third - 0.25
    assert (outer.local, outer.total) == (0.0, 0.3 - 0.25)


def test_local_errors_of_gradients_take_the_gradients_that_arrive() -> None:
    tape = Tape(preset("smx8"), shadow=True)
    x = tape.parameter([[1.0, 0.0]])
    w = tape.parameter(np.eye(2))
    y = ops.scale(ops.matmul(x, w), 1.0)
    # The gradient's INT12 under 1000 has steps of 0.5: 0.3 becomes 0.5, by the product alone.
    tape.pullback(y, np.array([[1000.0, 0.3]]), [x])
    back = seen(tape, "matmul", 0)
    assert back.local_max == 0.5 - float(np.float32(0.3))
    assert back.total_max == 0.5 - 0.3
    assert seen(tape, "scale", 0).local == 0


def test_what_overflows_is_an_infinite_error_beside_a_finite_twin() -> None:
    tape = Tape(preset("fp32"), shadow=True)
    with np.errstate(over="ignore"):
        ops.scale(ops.scale(tape.constant([1.0, 2.0]), 1e38), 2.0)
    assert tape.shadow is not None
    error = tape.shadow.errors[-1]
    assert (error.local_max, error.total_max) == (np.inf, np.inf)
    assert (error.total_sqnr, error.signal) == (-np.inf, pytest.approx(1e38 * np.sqrt(10)))


def test_ledgers_are_by_operation_and_direction() -> None:
    tape = Tape(preset("smx8"))
    loss, leaves = network(tape)
    tape.gradient(loss, leaves)
    product, adjoint = tape.ledgers["matmul"], tape.ledgers["matmul adjoint"]
    assert product.macs_by_width == {"8x8": 10 * 8 * 5}
    assert adjoint.macs_by_width == {"12x8": 400, "8x12": 400}
    one_sided = Tape(preset("smx8"))
    w = one_sided.parameter(LEAVES[1])
    y = ops.matmul(one_sided.constant(LEAVES[0]), w)
    one_sided.pullback(y, y.value, [w])
    assert one_sided.ledgers["matmul adjoint"].macs_by_width == {"8x12": 400}
    assert set(product.bytes_by_format) == {"SMX_INT8"}
    assert set(adjoint.bytes_by_format) == {"SMX_INT12"}
    assert (
        tape.ledgers["tanh"].vector_elements == tape.ledgers["tanh adjoint"].vector_elements == 50
    )
    assert tape.ledgers["add adjoint"].vector_elements == 50 + 5
    assert tape.ledger.vector_elements == sum(x.vector_elements for x in tape.ledgers.values())


def test_nans_are_counted_where_they_appear() -> None:
    tape = Tape(preset("fp32"))
    with np.errstate(over="ignore", invalid="ignore"):
        huge = ops.scale(ops.scale(tape.constant([0.0, 1.0, 2.0]), 1e38), 1e38)
        ops.subtract(huge, huge)
    assert tape.ledgers["subtract"].nans == 2
    assert "scale" in tape.ledgers
    assert tape.ledger.nans == 2


def small(machine: str) -> Run:
    return Run(
        problem=Poisson(), datapath=preset(machine), network=MLP(widths=(2, 8, 1)), steps=2,
        domain_points=4, condition_points=4, test_points=20,
    )  # fmt: skip


def test_a_step_has_the_errors_of_its_loss_and_gradients() -> None:
    run = small("smx8")
    state = training_step(run, initial_state(run))[0]
    errors = step_errors(run, state)
    assert {e.op for e in errors} >= {"matmul", "tanh", "contract", "mean_square"}
    assert all(e.total == 0 for e in step_errors(small("exact"), initial_state(small("exact"))))
    worst = max(e.total_max for e in errors)
    assert 0 < worst < np.inf


def test_the_command_prints_what_the_library_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    words = (
        "train poisson --width 8 --depth 1 --steps 2 --domain-points 4 --condition-points 4 "
        "--test-points 20 --no-plot --json --datapath smx8 --out"
    )
    assert main([*words.split(), str(folder)]) == 0
    capsys.readouterr()
    name = str(folder / "smx8")
    assert main(["datapath", "errors", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    run = small("smx8")
    state = initial_state(run)
    for _ in range(2):
        state = training_step(run, state)[0]
    assert (told["datapath"], told["step"]) == ("smx8", 2)
    assert told["errors"] == [e.to_json() for e in step_errors(run, state)]
    assert main(["datapath", "errors", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# step 2 of poisson on smx8"
    assert len(lines) == 2 + len(told["errors"])


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_a_folder_without_a_run_is_refused(
    make: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "place"
    make(place)
    assert main(["datapath", "errors", str(place)]) == 2
    out, err = capsys.readouterr()
    assert (out, err[:15]) == ("", "bitpde: error: ")
    assert err.count("\n") == 1
