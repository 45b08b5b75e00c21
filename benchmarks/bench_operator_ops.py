"""Operations of operator networks, forwards and backwards, against torch on two threads.

    python benchmarks/bench_operator_ops.py [repeats]

Sizes are those of one layer of the usual networks: 1-D with 256 cells, width 64 and 16 modes; 2-D
with 64 by 64 cells, width 32, 12 modes and 3 by 3 windows.  The machine is FP32, then SMX INT8; the
time is the least of some repeats (default 5) after one that compiles.
"""

import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from bitpde.emu import Node, Tape, ops, preset
from bitpde.formats import set_thread_count

LINE, PLANE, TOKENS = (8, 256, 64), (4, 64, 64, 32), (8, 256, 96)
Shapes = list[tuple[int, ...]]
Ours = tuple[Callable[..., Node], Shapes]

OURS: dict[str, Ours] = {
    "tanh": (ops.tanh, [PLANE]),
    "gelu": (ops.gelu, [PLANE]),
    "softmax": (ops.softmax, [(8, 256, 256)]),
    "layer norm": (ops.layer_norm, [TOKENS, (96,), (96,)]),
    "group norm": (lambda a, w, b: ops.group_norm(a, 8, w, b), [PLANE, (32,), (32,)]),
    "max pool": (lambda a: ops.max_pool(a, 2), [PLANE]),
    "convolution 3x3": (
        lambda a, w: ops.convolution(a, w, padding=1, boundary="periodic"),
        [PLANE, (3, 3, 32, 32)],
    ),
    "transposed 2x2": (ops.transposed_convolution, [(4, 32, 32, 32), (32, 2, 2, 32)]),
    "spectral 1-D": (
        lambda a, r, i: ops.spectral_convolution(a, r, i, (16,)),
        [LINE, (16, 64, 64), (16, 64, 64)],
    ),
    "spectral 2-D": (
        lambda a, r, i: ops.spectral_convolution(a, r, i, (12, 12)),
        [PLANE, (288, 32, 32), (288, 32, 32)],
    ),
    "spectral 2-D island": (
        lambda a, r, i: ops.spectral_convolution(a, r, i, (12, 12), island=True),
        [PLANE, (288, 32, 32), (288, 32, 32)],
    ),
}


def theirs(torch: Any) -> dict[str, Callable[..., Any]]:
    """The same in torch, with channels where it has them."""
    f = torch.nn.functional

    def spectral(a: Any, real: Any, imaginary: Any) -> Any:
        modes = torch.fft.rfftn(a, dim=tuple(range(2, a.ndim)))
        weights = torch.complex(real, imaginary)
        whole = torch.zeros(modes.shape, dtype=modes.dtype)
        if a.ndim == 3:
            whole[..., :16] = torch.einsum("bpk,kpq->bqk", modes[..., :16], weights)
        else:
            low, high = weights.reshape(2, 12, 12, *weights.shape[1:])
            rule = "bpkl,klpq->bqkl"
            whole[:, :, :12, :12] = torch.einsum(rule, modes[:, :, :12, :12], low)
            whole[:, :, -12:, :12] = torch.einsum(rule, modes[:, :, -12:, :12], high)
        return torch.fft.irfftn(whole, s=a.shape[2:], dim=tuple(range(2, a.ndim)))

    return {
        "tanh": torch.tanh,
        "gelu": f.gelu,
        "softmax": lambda a: f.softmax(a, 1),
        "layer norm": lambda a, w, b: f.layer_norm(a.movedim(1, -1), (96,), w, b),
        "group norm": lambda a, w, b: f.group_norm(a, 8, w, b),
        "max pool": lambda a: f.max_pool2d(a, 2),
        "convolution 3x3": lambda a, w: f.conv2d(
            f.pad(a, (1, 1, 1, 1), mode="circular"), w.permute(3, 2, 0, 1)
        ),
        "transposed 2x2": lambda a, w: f.conv_transpose2d(a, w.permute(0, 3, 1, 2), stride=2),
        "spectral 1-D": spectral,
        "spectral 2-D": spectral,
        "spectral 2-D island": spectral,
    }


def least(work: Callable[[], object], repeats: int) -> float:
    """The least time in milliseconds, after one run that may compile."""
    work()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return 1e3 * min(times)


def on_tape(machine: str, function: Callable[..., Node], arrays: list[Any]) -> None:
    tape = Tape(preset(machine))
    nodes = [tape.parameter(x) for x in arrays]
    result = function(*nodes)
    tape.pullback(result, np.ones(result.shape, np.float32), nodes)


def in_torch(torch: Any, function: Callable[..., Any], arrays: list[Any]) -> None:
    moved = [x.movedim(-1, 1).contiguous() if k == 0 else x for k, x in enumerate(arrays)]
    tensors = [x.detach().requires_grad_() for x in moved]
    result = function(*tensors)
    result.backward(torch.ones_like(result))


def main(repeats: int = 5) -> None:
    try:
        import torch
    except ImportError:
        torch = None
    else:
        torch.set_num_threads(2)
    set_thread_count(2)
    rng = np.random.default_rng(0)
    print(f"{'ms forward + backward':22} {'fp32':>9} {'smx8':>9} {'torch':>9} {'fp32 / torch':>13}")
    for name, (function, shapes) in OURS.items():
        arrays = [np.float32(rng.standard_normal(shape)) for shape in shapes]
        single, blocks = (
            least(partial(on_tape, machine, function, arrays), repeats)
            for machine in ("fp32", "smx8")
        )
        line = f"{name:22} {single:9.2f} {blocks:9.2f}"
        if torch is not None:
            tensors, other = [torch.tensor(x) for x in arrays], theirs(torch)[name]
            peer = least(partial(in_torch, torch, other, tensors), repeats)
            line += f" {peer:9.2f} {single / peer:13.1f}"
        print(line, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
