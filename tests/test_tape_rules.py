"""The tape adds up over fan-out, asks only for what is wanted, and refuses what it cannot do."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from emu_cases import adjoint_check
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import DatapathError, Ledger, Node, Tape, ops, preset
from bitpde.emu.tape import tape, vjps


@given(seed=st.integers(0, 2**32 - 1), side=st.integers(1, 4))
@settings(max_examples=25)
def test_shared_subexpressions_have_the_gradient_of_the_complex_step(seed: int, side: int) -> None:
    def shared(o: Any, a: Node) -> Node:
        square = o.matmul(a, a)
        both = o.multiply(square, o.tanh(square))
        return o.mean_square(o.subtract(o.add(both, a), o.scale(both, 0.5)))

    # 256 u A as test_every_derivative_matches_the_complex_step.py derives it: a product adds 4
    # numbers, the two inner products 16 and 1, tanh' is off by 9 u, and a dozen steps round once.
    check, absolute = adjoint_check(shared, [(side, side)], seed)
    assert abs(check.forward - check.reverse) <= 256 * 2.0**-53 * absolute


@pytest.mark.parametrize("name", ["exact", "fp32", "smx8", "mxint8"])
def test_a_node_used_many_times_collects_every_use(name: str) -> None:
    record = Tape(preset(name))
    a = record.parameter([[1.0, 2.0], [3.0, -4.0]])
    b = record.parameter([[2.0, 2.0], [2.0, 2.0]])
    # a + a + a b + a a: the derivative is 2 + b + 2 a at a, and a at b; small integers are exact.
    result = ops.add(ops.add(ops.add(a, a), ops.multiply(a, b)), ops.multiply(a, a))
    to_a, to_b = record.pullback(result, np.ones((2, 2)), [a, b])
    assert to_a.tolist() == (4 + 2 * a.value).tolist()
    assert to_b.tolist() == a.value.tolist()
    twice = ops.matmul(a, a)
    (grad,) = record.pullback(twice, np.eye(2), [a])
    assert grad.tolist() == (2 * a.value.T).tolist()


def test_a_result_may_itself_be_asked_for() -> None:
    record = Tape(preset("exact"))
    a = record.parameter([3.0])
    middle = ops.scale(a, 2.0)
    loss = ops.mean_square(middle)
    to_loss, to_middle, to_a = record.gradient(loss, [loss, middle, a])
    assert (to_loss.tolist(), to_middle.tolist(), to_a.tolist()) == (1.0, [12.0], [24.0])


def test_an_unused_parameter_has_the_gradient_zero() -> None:
    record = Tape(preset("fp32"))
    used, unused = record.parameter([1.0, 2.0]), record.parameter(np.ones((2, 3)))
    after = record.parameter(5.0)
    later = ops.multiply(unused, after)
    grads = record.gradient(ops.mean_square(used), [unused, used, after, later])
    assert [g.shape for g in grads] == [(2, 3), (2,), (), (2, 3)]
    assert [g.dtype for g in grads] == [np.float32] * 4
    assert not grads[0].any()
    assert grads[1].all()


def test_a_gradient_is_an_array_of_its_own() -> None:
    record = Tape(preset("exact"))
    a, b = record.parameter([1.0]), record.parameter([2.0])
    cotangent = np.ones(1)
    grads = record.pullback(ops.add(a, b), cotangent, [a, b])
    grads[0][:] = 7
    assert grads[1].tolist() == [1.0]
    assert cotangent.tolist() == [1.0]


@pytest.mark.parametrize("op", ["matmul", "add", "subtract", "multiply"])
@pytest.mark.parametrize("constant", [0, 1])
def test_no_gradient_is_computed_for_a_constant(op: str, constant: int) -> None:
    record = Tape(preset("smx8"))
    makers = [record.parameter, record.parameter]
    makers[constant] = record.constant
    nodes = [make(np.eye(4)) for make in makers]
    result = getattr(ops, op)(*nodes)
    found = []
    right = vjps.VJPS[op]

    def spy(entry: tape.Entry, g: Any) -> Any:
        parts = right(entry, g)
        found.extend(parts)
        return parts

    before = record.ledger
    with patch.dict(vjps.VJPS, {op: spy}):
        record.pullback(result, np.ones((4, 4)), [nodes[1 - constant]])
    assert [part is None for part in found] == [i == constant for i in range(2)]
    if op == "matmul":
        # 64 products for one gradient; the incoming one is coded once, that of W once more.
        assert record.ledger.macs - before.macs == 64
        assert record.ledger.quantizations - before.quantizations == (16 if constant else 32)


def test_what_depends_on_constants_only_is_not_recorded() -> None:
    record = Tape(preset("exact"))
    a = record.constant([[1.0, 2.0]])
    result = ops.tanh(ops.multiply(ops.add(a, a), a))
    assert not result.differentiable
    assert record.entries == []


def test_a_node_of_another_tape_is_refused() -> None:
    one_tape, other = Tape(preset("exact")), Tape(preset("exact"))
    a, b = one_tape.parameter([[1.0]]), other.parameter([[1.0]])
    for op in (ops.add, ops.subtract, ops.multiply, ops.matmul):
        with pytest.raises(DatapathError, match="different tapes"):
            op(a, b)
    with pytest.raises(DatapathError, match="another tape"):
        one_tape.gradient(a, [b])
    with pytest.raises(DatapathError, match="another tape"):
        other.gradient(a, [b])


def test_a_gradient_needs_one_number_and_a_cotangent_of_the_results_shape() -> None:
    record = Tape(preset("exact"))
    a = record.parameter([1.0, 2.0])
    with pytest.raises(DatapathError, match=r"\(2,\): reduce it"):
        record.gradient(a, [a])
    with pytest.raises(DatapathError, match=r"\(3,\): the result has shape \(2,\)"):
        record.pullback(a, np.ones(3), [a])


@pytest.mark.parametrize("name", ["exact", "smx8"])
def test_values_cannot_change_behind_the_tape(name: str) -> None:
    record = Tape(preset(name))
    mine, weights = np.ones((4, 4), record.datapath.dtype), np.ones((4, 2), record.datapath.dtype)
    a = record.parameter(mine)
    nodes = [
        a, record.constant(mine), ops.matmul(a, a), ops.add(a, a), ops.subtract(a, a),
        ops.multiply(a, a), ops.scale(a, 2.0), ops.tanh(a), ops.reshape(a, (16,)),
        ops.columns(a, 0, 2), ops.contract(a, weights), ops.mean_square(a),
    ]  # fmt: skip
    for node in nodes:
        with pytest.raises(ValueError, match="read-only"):
            node.value[...] = 5
    contracted = nodes[-2]
    before = record.pullback(contracted, np.ones((4, 2)), [a])[0]
    mine[:] = 5
    weights[:] = 5
    assert a.value.tolist() == np.ones((4, 4)).tolist()
    assert np.array_equal(record.pullback(contracted, np.ones((4, 2)), [a])[0], before)


@given(m=st.integers(1, 5), n=st.integers(1, 5), start=st.integers(-1, 5), stop=st.integers(0, 6))
def test_columns_and_reshape_move_numbers_and_change_none(
    m: int, n: int, start: int, stop: int
) -> None:
    record = Tape(preset("fp32"))
    x = np.arange(m * n, dtype=np.float32).reshape(m, n)
    a = record.parameter(x)
    assert ops.reshape(a, (n, m)).value.tolist() == x.reshape(n, m).tolist()
    if not 0 <= start < stop <= n:
        with pytest.raises(DatapathError, match=f"columns {start}\\.\\.{stop} of shape"):
            ops.columns(a, start, stop)
        return
    cut = ops.columns(a, start, stop)
    assert cut.value.tolist() == x[:, start:stop].tolist()
    (g,) = record.pullback(cut, cut.value, [a])
    expected = np.zeros((m, n))
    expected[:, start:stop] = x[:, start:stop]
    assert g.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("a", "c"), [((2, 3), (3,)), ((2, 3), (2, 3)), ((2, 3), (3, 3, 1)), ((3,), (3, 1)),
                 ((2, 3), (1, 2, 3, 1))]
)  # fmt: skip
def test_what_does_not_contract_is_refused(a: tuple[int, ...], c: tuple[int, ...]) -> None:
    with pytest.raises(DatapathError, match="do not contract"):
        ops.contract(Tape(preset("exact")).constant(np.ones(a)), np.ones(c))


@pytest.mark.parametrize(("a", "b"), [((2, 3), (2, 3)), ((3,), (3, 1)), ((1, 2, 3), (3, 1))])
def test_what_does_not_multiply_is_refused(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    record = Tape(preset("exact"))
    with pytest.raises(DatapathError, match="do not multiply"):
        ops.matmul(record.constant(np.ones(a)), record.constant(np.ones(b)))


def test_the_mean_square_of_nothing_is_refused() -> None:
    with pytest.raises(DatapathError, match="at least one"):
        ops.mean_square(Tape(preset("exact")).constant([]))


def test_the_ledger_of_a_tape_is_the_sum_of_its_products() -> None:
    def work(record: Tape, side: int) -> None:
        a = record.constant(np.full((side, side), 0.37))
        ops.matmul(a, ops.matmul(a, a))

    whole, parts = Tape(preset("smx8")), Ledger()
    for side in (3, 5, 4):
        work(whole, side)
        part = Tape(preset("smx8"))
        work(part, side)
        parts += part.ledger
    assert whole.ledger == parts
    assert parts.macs == 2 * (27 + 125 + 64)


def test_complex_numbers_need_a_float64_vector_unit() -> None:
    for name in ("fp32", "smx8", "mxint8"):
        with pytest.raises(DatapathError, match="complex"):
            Tape(preset(name)).parameter([1 + 2j])


def test_a_nan_of_a_sum_of_gradients_is_counted_where_it_is_moved() -> None:
    tape = Tape(preset("fp32"))
    a = tape.parameter([[1.0, 2.0]])
    row = ops.reshape(a, (2, 1))
    both = ops.join(ops.scale(row, 2.0), ops.scale(row, -2.0))
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        tape.pullback(both, np.float32([[np.inf, np.inf], [1, 1]]), [a])
    assert tape.ledgers["scale adjoint"].nans == 0
    assert tape.ledgers["reshape adjoint"].nans == 1
    assert tape.ledgers["reshape"].nans == 0


def test_a_tape_may_drop_what_it_has_differentiated() -> None:
    found = []
    for forget in (False, True):
        tape = Tape(preset("smx8"))
        w = tape.parameter(np.linspace(-1, 1, 16).reshape(4, 4))
        loss = ops.mean_square(ops.tanh(ops.matmul(w, w)))
        found.append(tape.gradient(loss, [w], forget=forget)[0])
        assert bool(tape.entries) is not forget
    assert np.array_equal(*found)
