"""Windows, borders, joins and pools of fields are what loops over their indices say, exactly."""

from math import prod
from typing import Any

import numpy as np
import pytest
from emu_cases import same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from bitpde.emu import DatapathError, Ledger, Node, Tape, ops, preset
from bitpde.emu.tape.field_vjps import windows_back

Grid = tuple[int, ...]
F32: Any = np.float32
grids = st.one_of(st.tuples(st.integers(1, 7)), st.tuples(st.integers(1, 5), st.integers(1, 5)))


def field(space: Grid, channels: int, seed: int, batch: int = 2) -> Any:
    """Return a field of numbers of many sizes, so that another order of sums has other bits."""
    rng = np.random.default_rng(seed)
    shape = (batch, *space, channels)
    return F32(rng.standard_normal(shape) * np.exp2(rng.integers(-9, 10, shape)))


def leaf(x: Any, name: str = "fp32") -> Node:
    return Tape(preset(name)).parameter(x)


def pulled(result: Node, g: Any, to: Node) -> Any:
    return to.tape.pullback(result, g, [to])[0]


@given(space=grids, size=st.integers(1, 3), stride=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_a_row_of_windows_is_one_window_and_its_adjoint_adds_by_place(
    space: Grid, size: int, stride: int, seed: int
) -> None:
    x = field(space, 2, seed)
    a = leaf(x)
    if min(space) < size:
        with pytest.raises(DatapathError, match="no window of size"):
            ops.windows(a, size, stride)
        return
    counts = tuple((n - size) // stride + 1 for n in space)
    result = ops.windows(a, size, stride)
    assert result.shape == (2 * prod(counts), size ** len(space) * 2)
    rows = result.value.reshape(2, *counts, *(size,) * len(space), 2)
    g = field(rows.shape[1:-1], 2, seed + 1)
    expected = np.zeros_like(x)
    for place in np.ndindex((size,) * len(space)):
        for window in np.ndindex(counts):
            at = tuple(stride * o + k for o, k in zip(window, place, strict=True))
            assert np.array_equal(rows[:, *window, *place], x[:, *at])
            expected[:, *at] += g[:, *window, *place]
    assert same_bits(pulled(result, g.reshape(result.shape), a), expected)


@given(
    space=grids,
    widths=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=2),
    boundary=st.sampled_from(["zero", "periodic"]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_borders_are_zeros_or_repeat_the_field_and_their_adjoint_adds_along_the_last_axis_first(
    space: Grid, widths: list[tuple[int, int]], boundary: str, seed: int
) -> None:
    x, pairs = field(space, 1, seed), widths[: len(space)]
    a = leaf(x)
    result = ops.pad(a, pairs, boundary)
    g = field(result.shape[1:-1], 1, seed + 1)
    for at in np.ndindex(result.shape[1:-1]):
        source = tuple(i - before for i, (before, _) in zip(at, pairs, strict=True))
        inside = all(0 <= i < n for i, n in zip(source, space, strict=True))
        wrapped = tuple(i % n for i, n in zip(source, space, strict=True))
        expected = x[:, *wrapped] if inside or boundary == "periodic" else np.zeros((2, 1))
        assert np.array_equal(result.value[:, *at], expected)
    left = g
    for axis in range(len(space), 0, -1):
        (before, _), n = pairs[axis - 1], space[axis - 1]
        total = np.zeros((*left.shape[:axis], n, *left.shape[axis + 1 :]), F32)
        for i in range(left.shape[axis]):
            inside = 0 <= i - before < n
            if inside or boundary == "periodic":
                spot = (slice(None),) * axis
                total[(*spot, (i - before) % n)] += left[(*spot, i)]
        left = total
    assert np.array_equal(pulled(result, g, a), left)


@given(space=grids, size=st.integers(1, 3), seed=st.integers(0, 99), ties=st.booleans())
@settings(max_examples=40)
def test_a_pool_takes_the_first_largest_element_or_the_mean(
    space: Grid, size: int, seed: int, ties: bool
) -> None:
    space = tuple(n * size for n in space)
    x = field(space, 2, seed)
    x = np.sign(x) * F32(0.0 if seed % 2 else 1.0) if ties else x  # -0, +0 or -1, 1
    a = leaf(x)
    largest, mean = ops.max_pool(a, size), ops.mean_pool(a, size)
    g = field(largest.shape[1:-1], 2, seed + 1)
    chosen, shared, cells = np.zeros_like(x), np.zeros_like(x), F32(size ** len(space))
    for window in np.ndindex(largest.shape[1:-1]):
        for b, c in np.ndindex(2, 2):
            places = [
                (b, *(size * o + k for o, k in zip(window, place, strict=True)), c)
                for place in np.ndindex((size,) * len(space))
            ]
            best = max(places, key=lambda at: x[at])  # the first of equal ones
            chosen[best] = g[b, *window, c]
            found = largest.value[b, *window, c]
            assert (found, np.signbit(found)) == (x[best], np.signbit(x[best]))
            total = x[places[0]]
            for at in places[1:]:
                total = total + x[at]
            for at in places:
                shared[at] = g[b, *window, c] / cells
            assert mean.value[b, *window, c] == total / cells
    assert np.array_equal(pulled(largest, g, a), chosen)
    assert np.array_equal(pulled(mean, g, a), shared)


@pytest.mark.parametrize("place", range(4))
def test_a_nan_is_the_largest_and_the_first_one_stays(place: int) -> None:
    tape = Tape(preset("exact"))
    x = np.full((1, 4, 1), np.inf)
    x[0, place:] = np.nan
    a = tape.lift(x, differentiable=True)
    result = ops.max_pool(a, 4)
    assert np.isnan(result.value).all()
    assert pulled(result, np.ones((1, 1, 1)), a)[0, :, 0].tolist() == [
        float(i == place) for i in range(4)
    ]


def test_parts_and_joins_are_those_of_numpy() -> None:
    tape = Tape(preset("fp32"))
    x, y = field((4, 5), 3, 0), field((4, 5), 2, 1)
    a, b = tape.parameter(x), tape.parameter(y)
    whole = ops.concatenate([a, b])
    assert np.array_equal(whole.value, np.concatenate([x, y], -1))
    of_a, of_b = tape.pullback(whole, whole.value, [a, b])
    assert np.array_equal(of_a, x)
    assert np.array_equal(of_b, y)
    for axis, start, stop in ((1, 0, 3), (2, 2, 5), (-1, 1, 2)):
        part = ops.take(a, axis, start, stop)
        where = (slice(None),) * (axis % 4) + (slice(start, stop),)
        assert np.array_equal(part.value, x[where])
        expected = np.zeros_like(x)
        expected[where] = x[where]
        assert np.array_equal(pulled(part, part.value, a), expected)


@pytest.mark.parametrize("boundary", ["zero", "periodic"])
@pytest.mark.parametrize("space", [(9,), (6, 5)])
def test_a_convolution_is_the_correlation_of_scipy(space: Grid, boundary: str) -> None:
    # Small integers: every product and sum is exact in any order.
    rng = np.random.default_rng(0)
    x, w = rng.integers(-4, 5, (2, *space, 3)), rng.integers(-4, 5, (*(3,) * len(space), 3, 2))
    tape = Tape(preset("fp32"))
    found = ops.convolution(tape.constant(x), tape.constant(w), padding=1, boundary=boundary)
    mode = "wrap" if boundary == "periodic" else "constant"
    ring = np.pad(x, ((0, 0), *((1, 1),) * len(space), (0, 0)), mode=mode)
    for b, q in np.ndindex(2, 2):
        expected = sum(signal.correlate(ring[b, ..., p], w[..., p, q], "valid") for p in range(3))
        assert np.array_equal(found.value[b, ..., q], expected)


@pytest.mark.parametrize("space", [(4,), (3, 2)])
def test_a_transposed_convolution_is_the_adjoint_of_the_one_whose_stride_is_its_size(
    space: Grid,
) -> None:
    rng = np.random.default_rng(1)
    d, size, tape = len(space), 2, Tape(preset("fp32"))
    x, w = rng.integers(-4, 5, (2, *space, 3)), rng.integers(-4, 5, (3, *(size,) * d, 4))
    found = ops.transposed_convolution(tape.constant(x), tape.constant(w))
    fine = tape.parameter(np.zeros((2, *(n * size for n in space), 4)))
    back = ops.convolution(fine, tape.constant(np.moveaxis(w, 0, -1)), stride=size)
    assert np.array_equal(found.value, tape.pullback(back, F32(x), [fine])[0])


@pytest.mark.parametrize("machine", ["fp32", "smx8"])
@pytest.mark.parametrize("boundary", ["zero", "periodic"])
def test_a_convolution_is_the_product_of_its_patches_on_every_machine(
    machine: str, boundary: str
) -> None:
    rng = np.random.default_rng(2)
    x, w = rng.standard_normal((2, 5, 6, 3)), rng.standard_normal((3, 3, 3, 4))
    tape = Tape(preset(machine))
    a, weights = tape.parameter(x), tape.parameter(w)
    found = ops.convolution(a, weights, stride=2, padding=1, boundary=boundary)
    ring = np.pad(
        F32(x),
        ((0, 0), (1, 1), (1, 1), (0, 0)),
        mode="wrap" if boundary == "periodic" else "constant",
    )
    rows = [
        ring[b, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].ravel()
        for b, i, j in np.ndindex(2, *found.shape[1:-1])
    ]
    other = Tape(preset(machine))
    patches, matrix = other.parameter(rows), other.parameter(w.reshape(27, 4))
    expected = ops.matmul(patches, matrix)
    g = F32(rng.standard_normal(found.shape))
    assert same_bits(found.value.reshape(expected.shape), expected.value)
    (of_w,) = tape.pullback(found, g, [weights])
    (same,) = other.pullback(expected, g.reshape(expected.shape), [matrix])
    assert same_bits(of_w.reshape(same.shape), same)
    assert tape.ledgers["matmul"] == other.ledgers["matmul"]


@pytest.mark.parametrize("machine", ["fp32", "smx8", "mxint8"])
def test_a_batch_of_products_is_each_product(machine: str) -> None:
    rng = np.random.default_rng(3)
    x, w, g = (rng.standard_normal(s) for s in ((3, 5, 33), (3, 33, 6), (3, 5, 6)))
    tape = Tape(preset(machine))
    a, b = tape.parameter(x), tape.parameter(w)
    found = ops.batched_matmul(a, b)
    g = g.astype(tape.datapath.dtype)
    of_a, of_b = tape.pullback(found, g, [a, b])
    counts = Ledger()
    for k in range(3):
        alone = Tape(preset(machine))
        left, right = alone.parameter(x[k]), alone.parameter(w[k])
        product = ops.matmul(left, right)
        assert same_bits(found.value[k], product.value)
        to_left, to_right = alone.pullback(product, g[k], [left, right])
        assert same_bits(of_a[k], to_left)
        assert same_bits(of_b[k], to_right)
        counts += alone.ledger
    assert tape.ledger == counts


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda t, a: ops.windows(a, 5), r"\(2, 4, 6, 3\) has no window of size 5"),
        (lambda t, a: ops.windows(a, 2, 0), "stride of windows is 0"),
        (lambda t, a: ops.windows(ops.take(a, 0, 0, 1), 0), "size of a window is 0"),
        (lambda t, a: ops.windows(t.constant([[1.0]]), 1), r"\(1, 1\) is no field"),
        (lambda t, a: ops.pad(a, ((1, 1),)), "a pair of integers"),
        (lambda t, a: ops.pad(a, ((1, 1), (-1, 0))), "a pair of integers"),
        (lambda t, a: ops.patches(a, 1, boundary="reflect"), "choose one of zero, periodic"),
        (lambda t, a: ops.max_pool(a, 4), "no whole cells of size 4"),
        (lambda t, a: ops.mean_pool(a, 0), "size of a cell is 0"),
        (lambda t, a: ops.concatenate([]), "at least one node"),
        (lambda t, a: ops.concatenate([a, t.constant([1.0])]), "do not join along axis -1"),
        (lambda t, a: ops.concatenate([a, Tape(preset("fp32")).constant(a.value)]), "tapes"),
        (lambda t, a: ops.take(a, 4, 0, 1), "along axis 4"),
        (lambda t, a: ops.take(a, 1, 2, 2), r"elements 2\.\.2 along axis 1"),
        (lambda t, a: ops.convolution(a, t.constant(np.ones((3, 3, 2, 1)))), r"\(size, size, P, "),
        (lambda t, a: ops.convolution(a, t.constant(1.0)), r"\(size, size, P, Q\)"),
        (lambda t, a: ops.transposed_convolution(a, t.constant([1.0])), r"\(P, size, size, Q\)"),
        (lambda t, a: ops.transposed_convolution(a, t.constant([[[1.0]]])), r"\(P, size, "),
        (lambda t, a: ops.batched_matmul(a, a), r"\(B, M, K\) and \(B, K, N\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_shape(build: Any, words: str) -> None:
    tape = Tape(preset("fp32"))
    with pytest.raises(DatapathError, match=words):
        build(tape, tape.constant(np.ones((2, 4, 6, 3))))


def test_an_empty_batch_stays_empty() -> None:
    tape = Tape(preset("smx8"))
    a = tape.parameter(np.ones((0, 4, 6, 2)))
    w, up = tape.parameter(np.ones((3, 3, 2, 4))), tape.parameter(np.ones((4, 2, 2, 1)))
    gain, bias = tape.parameter(np.ones(4)), tape.parameter(np.ones(4))
    inner = ops.convolution(a, w, padding=1, boundary="periodic")
    normal = ops.layer_norm(ops.group_norm(inner, 2, gain, bias), gain, bias)
    smooth = ops.softmax(ops.sigmoid(ops.gelu(ops.relu(normal))))
    out = ops.transposed_convolution(ops.mean_pool(ops.max_pool(smooth, 2), 1), up)
    assert out.shape == (0, 4, 6, 1)
    gradients = tape.pullback(out, np.ones(out.shape), [a, w, up, gain, bias])
    assert [np.count_nonzero(g) for g in gradients] == [0] * 5
    for island in (False, True):
        real, imaginary = (tape.parameter(np.ones((8, 2, 3))) for _ in range(2))
        out = ops.spectral_convolution(a, real, imaginary, (2, 2), island=island)
        assert out.shape == (0, 4, 6, 3)
        of_a, of_real = tape.pullback(out, np.ones(out.shape), [a, real])
        assert of_a.shape == a.shape
        assert not of_real.any()
    assert ops.batched_matmul(
        tape.constant(np.ones((0, 2, 3))), tape.constant(np.ones((0, 3, 1)))
    ).shape == (0, 2, 1)


def test_moved_numbers_are_counted_as_written() -> None:
    tape = Tape(preset("smx8"))
    a, w = tape.constant(np.ones((2, 4, 6, 3))), tape.constant(np.ones((3, 3, 3, 5)))
    ops.convolution(a, w, padding=1)
    counts = {name: ledger.vector_elements for name, ledger in tape.ledgers.items()}
    rows = 2 * 4 * 6
    assert counts == {
        "pad": 2 * 6 * 8 * 3, "windows": rows * 27, "reshape": 135 + rows * 5, "matmul": 0
    }  # fmt: skip
    assert tape.ledger.macs == rows * 27 * 5


@pytest.mark.parametrize("space", [(9,), (7, 8)])
@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (2, 2), (3, 2), (2, 3)])
def test_overlaps_are_added_by_place_whoever_adds(space: Grid, size: int, stride: int) -> None:
    a = leaf(field(space, 5, 0, batch=3))
    rows = ops.windows(a, size, stride)
    g = field(rows.shape[:1], rows.shape[1], 1, batch=1)[0]
    counts = ((n - size) // stride + 1 for n in space)
    parts = g.reshape(3, *counts, size ** len(space), 5)
    assert same_bits(pulled(rows, g, a), windows_back(parts, space, size, stride))
