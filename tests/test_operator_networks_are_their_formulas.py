"""Networks between fields compute their formulas; their gradients are those of the complex step.

The twins are written with NumPy's transforms and matrix products, without the layers of the
package; float64 on both sides.
"""

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import erf

from bitpde.emu import Tape, ops, preset
from bitpde.pde import RunError, Stream
from bitpde.pde.operators import FNO, NETWORKS, OperatorNetwork, Transformer, UNet

Array = np.ndarray[Any, Any]
#: Networks that take a moment, of every kind and form.
SMALL: dict[str, OperatorNetwork] = {
    "fno-1d": FNO(inputs=2, outputs=1, dimension=1, modes=(3,), width=4, blocks=2, hidden=5),
    "fno-2d": FNO(inputs=1, outputs=2, dimension=2, modes=(2, 3), width=3, blocks=2,
                  hidden=4, padding=2),
    "fno-island": FNO(inputs=2, outputs=1, dimension=1, modes=(3,), width=4, blocks=2, island=True),
    "unet-1d": UNet(inputs=2, outputs=1, dimension=1, width=4, levels=2, groups=2),
    "unet-2d": UNet(inputs=1, outputs=2, dimension=2, width=2, levels=1, groups=0, boundary="zero"),
    "galerkin": Transformer(inputs=2, outputs=1, dimension=1, width=4, blocks=1, heads=2),
    "fourier": Transformer(inputs=1, outputs=1, dimension=2, width=4, blocks=1, heads=2,
                           attention="fourier"),
    "softmax": Transformer(inputs=2, outputs=1, dimension=1, width=4, blocks=2, heads=1,
                           attention="softmax"),
}  # fmt: skip


def case(name: str) -> tuple[OperatorNetwork, dict[str, Array], Array]:
    """Return a network, parameters of which none is special, and a field."""
    network = SMALL[name]
    parameters = network.initialize(Stream(seed=1, name="initialization"), np.float64)
    rng = np.random.default_rng(2)
    parameters = {k: p + 0.1 * rng.standard_normal(p.shape) for k, p in parameters.items()}
    space = (12,) if network.dimension == 1 else (8, 6)
    return network, parameters, rng.standard_normal((2, *space, network.inputs))


def output(network: OperatorNetwork, parameters: dict[str, Array], x: Array) -> Array:
    tape = Tape(preset("exact"))
    nodes = {name: tape.constant(p) for name, p in parameters.items()}
    return network.apply(nodes, tape.constant(x)).value


def gelu(x: Array) -> Array:
    return np.asarray(x * (1 + erf(x / math.sqrt(2))) / 2)


def dense(p: dict[str, Array], name: str, x: Array) -> Array:
    return np.asarray(x @ p[f"{name}/weight"] + p[f"{name}/bias"])


def lifted(p: dict[str, Array], x: Array) -> Array:
    axes = [(np.arange(n) + 0.5) / n for n in x.shape[1:-1]]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return dense(p, "lift", np.concatenate([x, np.broadcast_to(grid, (len(x), *grid.shape))], -1))


def spectral(weights: Array, v: Array, modes: tuple[int, ...]) -> Array:
    """Return the transform of a few modes of v, each times its matrix, by NumPy's FFT."""
    space = tuple(range(1, v.ndim - 1))
    hat, out = np.fft.rfftn(v, axes=space), None
    out = np.zeros((*hat.shape[:-1], weights.shape[-1]), complex)
    if len(modes) == 1:
        (m,) = modes
        out[:, :m] = np.einsum("bkp,kpq->bkq", hat[:, :m], weights)
    else:
        m1, m2 = modes
        w = weights.reshape(2 * m1, m2, *weights.shape[1:])
        out[:, :m1, :m2] = np.einsum("bijp,ijpq->bijq", hat[:, :m1, :m2], w[:m1])
        out[:, -m1:, :m2] = np.einsum("bijp,ijpq->bijq", hat[:, -m1:, :m2], w[m1:])
    return np.fft.irfftn(out, s=v.shape[1:-1], axes=space)


def fno(network: FNO, p: dict[str, Array], x: Array) -> Array:
    v, space = lifted(p, x), x.shape[1:-1]
    if network.padding:
        v = np.pad(v, [(0, 0), *[(0, network.padding)] * network.dimension, (0, 0)])
    for k in range(1, network.blocks + 1):
        weights = p[f"spectral{k}/real"] + 1j * p[f"spectral{k}/imaginary"]
        v = spectral(weights, v, network.modes) + dense(p, f"skip{k}", v)
        v = gelu(v) if k < network.blocks else v
    v = v[(slice(None), *(slice(n) for n in space))]
    return dense(p, "project", gelu(dense(p, "widen", v)))


def normalized(x: Array, gain: Array, shift: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(gain * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) + shift)


def attention(network: Transformer, p: dict[str, Array], name: str, x: Array) -> Array:
    tokens, heads = x.reshape(len(x), -1, network.width), network.heads
    cells, size = tokens.shape[1], network.width // heads
    gathered = []
    for h in range(heads):
        part = {}
        for role in ("query", "key", "value"):
            y = tokens @ p[f"{name}/{role}_weight"] + p[f"{name}/{role}_bias"]
            y = y[..., h * size : (h + 1) * size]
            if f"{name}/{role}_gain" in p:
                y = normalized(y, p[f"{name}/{role}_gain"], p[f"{name}/{role}_shift"])
            part[role] = y
        q, k, v = part["query"], part["key"], part["value"]
        if network.attention == "softmax":
            scores = np.exp(q @ k.swapaxes(1, 2) / math.sqrt(size))
            gathered.append(scores / scores.sum(-1, keepdims=True) @ v)
        else:
            gathered.append(q @ (k.swapaxes(1, 2) @ v) / cells)
    together = np.concatenate(gathered, axis=-1)
    return (together @ p[f"{name}/output_weight"] + p[f"{name}/output_bias"]).reshape(x.shape)


def transformer(network: Transformer, p: dict[str, Array], x: Array) -> Array:
    v = lifted(p, x)
    for k in range(1, network.blocks + 1):
        v = v + attention(network, p, f"attention{k}", v)
        inner = normalized(v, p[f"norm{k}/gain"], p[f"norm{k}/bias"])
        v = v + dense(p, f"narrow{k}", gelu(dense(p, f"widen{k}", inner)))
    return dense(p, "project", gelu(dense(p, "widen", v)))


def convolved(x: Array, w: Array, bias: Array | float, boundary: str) -> Array:
    d = x.ndim - 2
    mode = "wrap" if boundary == "periodic" else "constant"
    padded = np.pad(x, [(0, 0), *[(1, 1)] * d, (0, 0)], mode=mode)
    total = np.zeros((*x.shape[:-1], w.shape[-1]))
    for index in np.ndindex(*(3,) * d):
        window = tuple(slice(i, i + n) for i, n in zip(index, x.shape[1:-1], strict=True))
        total += padded[(slice(None), *window)] @ w[index]
    return total + bias


def unet(network: UNet, p: dict[str, Array], x: Array) -> Array:
    d, g = network.dimension, network.groups

    def block(name: str, x: Array) -> Array:
        for half in "ab":
            layer = f"{name}{half}"
            bias = p.get(f"{layer}/bias", 0.0)
            x = convolved(x, p[f"{layer}/weight"], bias, network.boundary)
            if g:
                groups = x.reshape(len(x), -1, g, x.shape[-1] // g).transpose(0, 2, 1, 3)
                flat = normalized(groups.reshape(len(x), g, -1), np.ones(()), np.zeros(()))
                x = flat.reshape(groups.shape).transpose(0, 2, 1, 3).reshape(x.shape)
                x = x * p[f"{layer}_norm/gain"] + p[f"{layer}_norm/bias"]
            x = gelu(x)
        return x

    kept = []
    for k in range(network.levels):
        x = block(f"down{k}", x)
        kept.append(x)
        for axis in range(1, d + 1):
            shape = (*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :])
            x = x.reshape(shape).max(axis=axis + 1)
    x = block(f"down{network.levels}", x)
    for k in reversed(range(network.levels)):
        w, up = p[f"up{k}/weight"], np.zeros((*kept[k].shape[:-1], p[f"up{k}/bias"].size))
        for index in np.ndindex(*(2,) * d):
            places = tuple(slice(i, None, 2) for i in index)
            up[(slice(None), *places)] = x @ w[(slice(None), *index)]
        x = block(f"join{k}", np.concatenate([kept[k], up + p[f"up{k}/bias"]], axis=-1))
    return dense(p, "project", x)


TWINS: dict[str, Any] = {"FNO": fno, "Transformer": transformer, "UNet": unet}


@pytest.mark.parametrize("name", SMALL)
def test_a_network_is_its_formula(name: str) -> None:
    network, parameters, x = case(name)
    found = output(network, parameters, x)
    wanted = TWINS[type(network).__name__](network, parameters, x)
    # Both round at most some 2000 times in binary64 on the way to an output of order 1: 12 layers
    # of sums of at most 48 products; normalizations by sqrt(var + 1e-5) magnify by 316 at most.
    assert np.abs(found - wanted).max() <= 2000 * 316 * 2.0**-53 * max(1, np.abs(wanted).max())


@pytest.mark.parametrize("name", [n for n in SMALL if "island" not in n])
def test_the_gradient_of_a_network_is_that_of_the_complex_step(name: str) -> None:
    network, parameters, x = case(name)
    rng = np.random.default_rng(3)
    directions = {k: rng.standard_normal(p.shape) for k, p in parameters.items()}
    h = 2.0**-100
    moved = {k: p + 1j * h * directions[k] for k, p in parameters.items()}
    tape = Tape(preset("exact"))
    stepped = network.apply({k: tape.constant(p) for k, p in moved.items()}, tape.constant(x + 0j))
    forward = (stepped.value**2).mean().imag / h
    tape = Tape(preset("exact"))
    nodes = {k: tape.parameter(p) for k, p in parameters.items()}
    loss = ops.mean_square(network.apply(nodes, tape.constant(x)))
    found = tape.gradient(loss, list(nodes.values()))
    terms = [(g * directions[k]).ravel() for k, g in zip(nodes, found, strict=True)]
    reverse, size = sum(t.sum() for t in terms), sum(np.abs(t).sum() for t in terms)
    # As above, backwards too: the sum of absolute values is what its rounding is relative to.
    assert abs(forward - reverse) <= 2000 * 316 * 2.0**-53 * size


def test_a_periodic_unet_turns_with_its_field() -> None:
    network = UNet(inputs=1, outputs=1, dimension=2, width=2, levels=2, groups=0)
    parameters = network.initialize(Stream(seed=1, name="initialization"), np.float64)
    x = np.random.default_rng(4).standard_normal((1, 8, 12, 1))
    turned = np.roll(x, (4, 8), axis=(1, 2))
    found = np.roll(output(network, parameters, x), (4, 8), axis=(1, 2))
    assert (output(network, parameters, turned) == found).all()


@pytest.mark.parametrize("name", SMALL)
def test_networks_are_values_with_the_parameters_they_say(name: str) -> None:
    network = SMALL[name]
    assert NETWORKS[type(network).__name__].from_json(network.to_json()) == network
    drawn = network.initialize(Stream(seed=0, name="initialization"), np.float32)
    assert sum(array.size for array in drawn.values()) == network.parameter_count
    assert {k: array.shape for k, array in drawn.items()} == {
        k: each.shape for k, each in network.parameters().items()
    }
    assert all(array.dtype == np.float32 for array in drawn.values())


def test_weights_begin_with_the_variance_that_keeps_a_signal() -> None:
    network = FNO(inputs=1, outputs=1, dimension=1)
    drawn = network.initialize(Stream(seed=0, name="initialization"), np.float64)
    for name, variance in (("widen/weight", 2 / 64), ("skip1/weight", 1 / 64)):
        n = drawn[name].size  # the sample variance is off by sqrt(2 / n): four of these
        assert abs(drawn[name].var() / variance - 1) < 4 * math.sqrt(2 / n)
    parts = drawn["spectral2/real"] ** 2 + drawn["spectral2/imaginary"] ** 2
    assert abs(parts.mean() * 64 - 1) < 4 * math.sqrt(1 / parts.size)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: FNO(inputs=1, outputs=1, dimension=2), "one number of modes for each axis"),
        (lambda: FNO(inputs=0, outputs=1, dimension=1), "FNO.inputs is 0"),
        (lambda: UNet(inputs=1, outputs=1, dimension=1, width=6, groups=4), "no multiple"),
        (lambda: UNet(inputs=1, outputs=1, dimension=1, boundary="wrap"), "periodic or zero"),
        (lambda: Transformer(inputs=1, outputs=1, dimension=1, heads=5), "no multiple of 5 heads"),
        (lambda: Transformer(inputs=1, outputs=1, dimension=1, attention="x"), "choose one of"),
    ],
)
def test_unlawful_networks_are_refused(change: Any, said: str) -> None:
    with pytest.raises(RunError, match=said):
        change()


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("fno-1d", (2, 5, 2), "too coarse for"),
        ("fno-1d", (2, 12, 1), r"give \(B, X, 2\)"),
        ("unet-2d", (2, 7, 8, 1), "cannot be halved 1 times"),
        ("galerkin", (2, 0, 2), "has none"),
    ],
)
def test_fields_that_do_not_fit_are_refused(name: str, shape: tuple[int, ...], said: str) -> None:
    network, parameters, _ = case(name)
    with pytest.raises(RunError, match=said):
        output(network, parameters, np.zeros(shape))
