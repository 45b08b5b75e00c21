"""Operations of operator networks in FP32, forwards and backwards, are those of torch in float64.

Torch has the same float32 arguments and rounds 2^29 times more finely, so that what differs is our
error.  Sums of at most 96 products are rounded as often: they are within ``96 * 2^-24 = 6e-6`` of
the sum of the magnitudes of their terms, and typically within that times 1/sqrt(96), below 1e-6 of
the largest number in the result; the seeds are fixed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bitpde.emu import Node, Tape, ops, preset

F32: Any = np.float32
torch: Any = pytest.importorskip("torch")
functional: Any = torch.nn.functional


def first(x: Any) -> Any:
    """Move channels to where torch has them."""
    return x.movedim(-1, 1)


def last(x: Any) -> Any:
    return x.movedim(1, -1)


def spectral(x: Any, real: Any, imaginary: Any) -> Any:
    """Return the layer of Fourier neural operators in a plane, with 2 and 3 modes."""
    modes = torch.fft.rfft2(x, dim=(1, 2))
    kept = torch.cat([modes[:, :2, :3], modes[:, -2:, :3]], 1)
    weights = torch.complex(real, imaginary).reshape(4, 3, *real.shape[1:])
    mixed = torch.einsum("bklp,klpq->bklq", kept, weights)
    whole = torch.zeros(*modes.shape[:3], real.shape[2], dtype=torch.complex128)
    whole[:, :2, :3], whole[:, -2:, :3] = mixed[:, :2], mixed[:, 2:]
    return torch.fft.irfft2(whole, s=x.shape[1:3], dim=(1, 2))


PLANE = (2, 6, 8, 4)
CASES: dict[str, tuple[Callable[..., Node], Callable[..., Any], list[tuple[int, ...]]]] = {
    "convolution": (
        lambda a, w: ops.convolution(a, w, padding=1, stride=2),
        lambda a, w: last(
            functional.conv2d(first(a), w.permute(3, 2, 0, 1), padding=1, stride=2)
        ),
        [PLANE, (3, 3, 4, 5)],
    ),
    "periodic convolution": (
        lambda a, w: ops.convolution(a, w, padding=1, boundary="periodic"),
        lambda a, w: last(
            functional.conv2d(
                functional.pad(first(a), (1, 1, 1, 1), mode="circular"), w.permute(3, 2, 0, 1)
            )
        ),
        [PLANE, (3, 3, 4, 5)],
    ),
    "transposed convolution": (
        ops.transposed_convolution,
        lambda a, w: last(functional.conv_transpose2d(first(a), w.permute(0, 3, 1, 2), stride=2)),
        [PLANE, (4, 2, 2, 3)],
    ),
    "max_pool": (
        lambda a: ops.max_pool(a, 2), lambda a: last(functional.max_pool2d(first(a), 2)), [PLANE]
    ),
    "mean_pool": (
        lambda a: ops.mean_pool(a, 2), lambda a: last(functional.avg_pool2d(first(a), 2)), [PLANE]
    ),
    "gelu": (ops.gelu, functional.gelu, [PLANE]),
    "relu": (ops.relu, functional.relu, [PLANE]),
    "sigmoid": (ops.sigmoid, torch.sigmoid, [PLANE]),
    "softmax": (ops.softmax, lambda a: functional.softmax(a, -1), [PLANE]),
    "layer_norm": (
        ops.layer_norm,
        lambda a, gain, bias: functional.layer_norm(a, (4,), gain, bias),
        [PLANE, (4,), (4,)],
    ),
    "group_norm": (
        lambda a, gain, bias: ops.group_norm(a, 2, gain, bias),
        lambda a, gain, bias: last(functional.group_norm(first(a), 2, gain, bias)),
        [PLANE, (4,), (4,)],
    ),
    "batched_matmul": (ops.batched_matmul, torch.bmm, [(3, 5, 9), (3, 9, 4)]),
    "spectral": (
        lambda a, r, i: ops.spectral_convolution(a, r, i, (2, 3)),
        spectral,
        [PLANE, (12, 4, 3), (12, 4, 3)],
    ),
    "spectral island": (
        lambda a, r, i: ops.spectral_convolution(a, r, i, (2, 3), island=True),
        spectral,
        [PLANE, (12, 4, 3), (12, 4, 3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_torch(name: str) -> None:
    ours, theirs, shapes = CASES[name]
    rng = np.random.default_rng(0)
    arrays = [F32(rng.standard_normal(shape)) for shape in shapes]
    tape = Tape(preset("fp32"))
    nodes = [tape.parameter(x) for x in arrays]
    found = ours(*nodes)
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in arrays]
    expected = theirs(*tensors)
    g = F32(rng.standard_normal(found.shape))
    expected.backward(torch.tensor(g, dtype=torch.float64))
    pairs = [(found.value, expected.detach().numpy())]
    gradients = tape.pullback(found, g, nodes)
    pairs += [(one, tensor.grad.numpy()) for one, tensor in zip(gradients, tensors, strict=True)]
    for one, other in pairs:
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= 1e-6 * np.abs(other).max()
