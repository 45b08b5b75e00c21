"""The operations of operator networks, and for each the arguments that its theorems take."""

from collections.abc import Callable

from bitpde.emu import Node, ops

Shape = tuple[int, ...]
Case = tuple[Callable[..., Node], list[Shape]]

LINE, PLANE = (2, 6, 3), (2, 4, 6, 2)

#: For every operation of the table of derivatives, functions of nodes and the shapes they take.
CASES: dict[str, list[Case]] = {
    "batched_matmul": [(ops.batched_matmul, [(3, 2, 4), (3, 4, 2)])],
    "pad": [
        (lambda a: ops.pad(a, ((1, 2),)), [LINE]),
        (lambda a: ops.pad(a, ((0, 3), (9, 1)), "periodic"), [PLANE]),
    ],
    "windows": [
        (lambda a: ops.windows(a, 3), [LINE]),
        (lambda a: ops.windows(a, 2, 3), [PLANE]),
        (lambda a: ops.patches(a, 3, stride=2, padding=1, boundary="periodic"), [PLANE]),
    ],
    "join": [
        (lambda a, b: ops.concatenate([a, b, a]), [LINE, (2, 6, 1)]),
        (lambda a, b: ops.concatenate([a, b], axis=1), [PLANE, (2, 1, 6, 2)]),
    ],
    "take": [
        (lambda a: ops.take(a, 1, 2, 5), [LINE]),
        (lambda a: ops.take(a, -1, 0, 1), [PLANE]),
    ],
    "max_pool": [(lambda a: ops.max_pool(a, 2), [PLANE]), (lambda a: ops.max_pool(a, 3), [LINE])],
    "mean_pool": [
        (lambda a: ops.mean_pool(a, 2), [PLANE]),
        (lambda a: ops.mean_pool(a, 3), [LINE]),
    ],
    "relu": [(ops.relu, [LINE])],
    "gelu": [(ops.gelu, [LINE]), (lambda a: ops.gelu(ops.scale(a, 3.0)), [PLANE])],
    "sigmoid": [(ops.sigmoid, [LINE])],
    "softmax": [(ops.softmax, [LINE]), (ops.softmax, [(5,)])],
    "layer_norm": [(ops.layer_norm, [(4, 5), (5,), (5,)]), (ops.layer_norm, [LINE, (3,), (3,)])],
    "group_norm": [
        (lambda a, gain, bias: ops.group_norm(a, 2, gain, bias), [(2, 3, 2, 4), (4,), (4,)]),
        (lambda a, gain, bias: ops.group_norm(a, 1, gain, bias, 0.1), [LINE, (3,), (3,)]),
    ],
    "rfft_modes": [
        (lambda a: ops.rfft_modes(a, (4,)), [LINE]),
        (lambda a: ops.rfft_modes(a, (2, 4)), [PLANE]),
        (lambda a: ops.rfft_modes(a, (2, 3)), [(1, 5, 7, 2)]),
    ],
    "irfft_modes": [
        (lambda c: ops.irfft_modes(c, (4,), (6,)), [(4, 2, 4)]),
        (lambda c: ops.irfft_modes(c, (2, 4), (4, 6)), [(16, 1, 2)]),
        (lambda c: ops.irfft_modes(c, (2, 3), (5, 7)), [(12, 1, 2)]),
    ],
}

#: The same of what is composed of operations.
COMPOSED: dict[str, list[Case]] = {
    "convolution": [
        (lambda a, w: ops.convolution(a, w, padding=1), [LINE, (3, 3, 2)]),
        (
            lambda a, w: ops.convolution(a, w, padding=1, stride=2, boundary="periodic"),
            [PLANE, (3, 3, 2, 1)],
        ),
    ],
    "transposed_convolution": [
        (ops.transposed_convolution, [LINE, (3, 2, 2)]),
        (ops.transposed_convolution, [PLANE, (2, 2, 2, 3)]),
    ],
    "truncated_dft": [
        (lambda a: ops.truncated_dft(a, (4,)), [LINE]),
        (lambda a: ops.truncated_dft(a, (2, 3)), [PLANE]),
    ],
    "inverse_truncated_dft": [
        (lambda c: ops.inverse_truncated_dft(c, (4,), (6,)), [(4, 2, 4)]),
        (lambda c: ops.inverse_truncated_dft(c, (2, 4), (4, 6)), [(16, 1, 2)]),
    ],
    "mix_modes": [(ops.mix_modes, [(3, 2, 4), (3, 2, 1), (3, 2, 1)])],
    "spectral_convolution": [
        (
            lambda a, real, imaginary: ops.spectral_convolution(a, real, imaginary, (3,)),
            [LINE, (3, 3, 2), (3, 3, 2)],
        ),
        (
            lambda a, real, imaginary: ops.spectral_convolution(
                a, real, imaginary, (1, 2), island=True
            ),
            [PLANE, (4, 2, 1), (4, 2, 1)],
        ),
    ],
}
