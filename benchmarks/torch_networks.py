"""The networks of `bitpde.pde.operators` in torch, as one would write them there.

Channels come first in FNO and UNet, matrices of pointwise layers are convolutions with windows of
one cell, transforms are torch's; tokens of the transformer have their channels last.  A quantizer
is torch's fake quantization with a learned scale and zero point, at the places where a plan of ours
has one.
"""

from collections.abc import Callable, Mapping
from math import prod, sqrt
from typing import Any

import numpy as np
import torch
from torch.nn import functional as f

from bitpde.pde.operators import FNO, OperatorNetwork, Transformer, UNet
from bitpde.pde.operators.quantization import Quantization


class Peer:
    """One network with parameters of torch, and quantizers where ``quantization`` has them."""

    def __init__(
        self, network: OperatorNetwork, arrays: Mapping[str, Any], quantization: Quantization
    ) -> None:
        self.network = network
        self.parameters = {}
        for name in network.parameters():
            array = np.asarray(arrays[name])
            kernel = name.endswith("weight") and "attention" not in name
            if kernel and isinstance(network, Transformer):
                array = array.T
            elif kernel and name.startswith("up"):
                array = np.moveaxis(array, -1, 1)  # (P, Q, size, ...)
            elif kernel:
                array = np.moveaxis(array, (-1, -2), (0, 1))  # (Q, P, size, ...)
                if array.ndim == 2:
                    array = array.reshape(*array.shape, *(1,) * network.dimension)
            elif "attention" in name and name.endswith("weight"):
                array = array.T
            self.parameters[name] = tensor(array)
        self.quantizers = {
            name: Quantizer(quantizer, quantization.first[name])
            for name, quantizer in quantization.quantizers.items()
        }
        self.made: dict[int, Any] = {}
        learned = [
            *self.parameters.values(),
            *(p for q in self.quantizers.values() for p in q.learned),
        ]
        self.optimizer = torch.optim.Adam(learned, lr=1e-3)

    def step(self, x: Any, targets: Any) -> float:
        """One training step on channels-first fields, with the relative square error."""
        self.optimizer.zero_grad(set_to_none=True)
        self.made.clear()
        forward: Callable[..., Any] = {FNO: fno, UNet: unet, Transformer: transformer}[
            type(self.network)
        ]
        size = targets.reshape(len(targets), -1).square().mean(1).sqrt()
        error = (forward(self, self.network, x) - targets) / size.reshape(-1, *(1,) * (x.ndim - 1))
        loss = error.square().mean()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def at(self, name: str, x: Any, axis: int | None = None) -> Any:
        """What is multiplied in the place of x: quantized once, whoever asks."""
        if name in self.quantizers:
            self.made[id(x)] = (x, self.quantizers[name](x, axis))
        return self.made[id(x)][1] if id(x) in self.made else x

    def weight(self, name: str, axis: int) -> Any:
        return self.at(name, self.parameters[name], axis)

    def pointwise(self, name: str, x: Any) -> Any:
        weight = self.weight(f"{name}/weight", 0)
        apply = f.linear if weight.ndim == 2 else (f.conv1d if weight.ndim == 3 else f.conv2d)
        return apply(self.at(f"{name}/input", x), weight, self.parameters[f"{name}/bias"])


class Quantizer:
    """Fake quantization with a learned scale, and zero point where ours has one."""

    def __init__(self, quantizer: Any, first: Any) -> None:
        affine = quantizer.affine(*first)
        self.scale = tensor(np.array(affine.scale, np.float32))
        self.zero = tensor(np.array(affine.zero_point, np.float32))
        self.learned = [self.scale] if quantizer.symmetric else [self.scale, self.zero]
        self.codes = quantizer.codes

    def __call__(self, x: Any, axis: int | None) -> Any:
        if len(self.scale) == 1:
            return torch._fake_quantize_learnable_per_tensor_affine(
                x, self.scale, self.zero, *self.codes, 1.0
            )
        return torch._fake_quantize_learnable_per_channel_affine(
            x, self.scale, self.zero, axis, *self.codes, 1.0
        )


def tensor(array: Any) -> Any:
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float32, requires_grad=True)


def with_coordinates(x: Any, axis: int) -> Any:
    space = x.shape[2:] if axis == 1 else x.shape[1:-1]
    axes = [(torch.arange(n) + 0.5) / n for n in space]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), 0 if axis == 1 else -1)
    return torch.cat([x, grid.expand(len(x), *grid.shape)], axis)


def fno(peer: Peer, network: Any, x: Any) -> Any:
    v = peer.pointwise("lift", with_coordinates(x, 1))
    for k in range(1, network.blocks + 1):
        v = spectral(peer, f"spectral{k}", network.modes, v) + peer.pointwise(f"skip{k}", v)
        v = f.gelu(v) if k < network.blocks else v
    return peer.pointwise("project", f.gelu(peer.pointwise("widen", v)))


def spectral(peer: Peer, name: str, modes: Any, v: Any) -> Any:
    space = tuple(range(2, v.ndim))
    v = peer.at(f"{name}/input", v)
    found = torch.fft.rfftn(v, dim=space, norm="forward")
    parts = [peer.weight(f"{name}/{part}", 0) for part in ("real", "imaginary")]
    weights = torch.complex(*parts)
    if len(modes) == 1:
        kept = found[..., : modes[0]]
    else:
        m1, m2 = modes
        kept = torch.cat([found[:, :, :m1, :m2], found[:, :, -m1:, :m2]], 2).flatten(2)
    kept = quantized_complex(peer, f"{name}/modes", kept, 2)
    mixed = torch.einsum("bpk,kpq->bqk", kept, weights)
    mixed = quantized_complex(peer, f"{name}/mixed", mixed, None)
    whole = torch.zeros(*mixed.shape[:2], *found.shape[2:], dtype=mixed.dtype)
    if len(modes) == 1:
        whole[..., : modes[0]] = mixed
    else:
        low, high = mixed.reshape(*mixed.shape[:2], 2, m1, m2).unbind(2)
        whole[:, :, :m1, :m2], whole[:, :, -m1:, :m2] = low, high
    return torch.fft.irfftn(whole, s=v.shape[2:], dim=space, norm="forward")


def quantized_complex(peer: Peer, name: str, x: Any, axis: int | None) -> Any:
    if name not in peer.quantizers:
        return x
    return torch.view_as_complex(peer.quantizers[name](torch.view_as_real(x).contiguous(), axis))


def unet(peer: Peer, network: Any, x: Any) -> Any:
    pool = f.max_pool1d if network.dimension == 1 else f.max_pool2d
    convolve = f.conv1d if network.dimension == 1 else f.conv2d
    up = f.conv_transpose1d if network.dimension == 1 else f.conv_transpose2d

    def block(name: str, x: Any) -> Any:
        for half in "ab":
            x = peer.at(f"{name}{half}/input", x)
            x = f.pad(x, (1,) * (2 * network.dimension), mode="circular")
            x = convolve(x, peer.weight(f"{name}{half}/weight", 0))
            affine = (peer.parameters[f"{name}{half}_norm/{part}"] for part in ("gain", "bias"))
            x = f.gelu(f.group_norm(x, network.groups, *affine))
        return x

    kept = []
    for k in range(network.levels):
        x = block(f"down{k}", x)
        kept.append(x)
        x = pool(x, 2)
    x = block(f"down{network.levels}", x)
    for k in reversed(range(network.levels)):
        weight, bias = peer.weight(f"up{k}/weight", 1), peer.parameters[f"up{k}/bias"]
        x = torch.cat([kept[k], up(peer.at(f"up{k}/input", x), weight, bias, stride=2)], 1)
        x = block(f"join{k}", x)
    return peer.pointwise("project", x)


def transformer(peer: Peer, network: Any, x: Any) -> Any:
    v = peer.pointwise("lift", with_coordinates(x.movedim(1, -1), -1))
    for k in range(1, network.blocks + 1):
        v = v + attention(peer, f"attention{k}", network, v)
        affine = (peer.parameters[f"norm{k}/{part}"] for part in ("gain", "bias"))
        inner = f.layer_norm(v, (network.width,), *affine)
        inner = f.gelu(peer.pointwise(f"widen{k}", inner))
        v = v + peer.pointwise(f"narrow{k}", inner)
    return peer.pointwise("project", f.gelu(peer.pointwise("widen", v))).movedim(-1, 1)


def attention(peer: Peer, name: str, network: Any, x: Any) -> Any:
    batch, cells, heads = len(x), prod(x.shape[1:-1]), network.heads
    given = peer.at(f"{name}/input", x)
    form = network.attention
    normalized = {"galerkin": ("key", "value"), "fourier": ("query", "key"), "softmax": ()}[form]

    def head(part: str) -> Any:
        weight, bias = (
            peer.weight(f"{name}/{part}_weight", 0),
            peer.parameters[f"{name}/{part}_bias"],
        )
        y = f.linear(given, weight, bias).reshape(batch, cells, heads, -1).transpose(1, 2)
        if part in normalized:
            affine = (peer.parameters[f"{name}/{part}_{each}"] for each in ("gain", "shift"))
            y = f.layer_norm(y, y.shape[-1:], *affine)
        return y

    def product(part: str, a: Any, b: Any) -> Any:
        return peer.at(f"{name}/{part}/left", a) @ peer.at(f"{name}/{part}/right", b)

    q, k, v = (head(part) for part in ("query", "key", "value"))
    if form == "galerkin":
        found = product("gathered", q, product("keys_values", k.mT, v) / cells)
    else:
        scores = product("queries_keys", q, k.mT)
        weights = scores / cells if form == "fourier" else f.softmax(scores / sqrt(q.shape[-1]), -1)
        found = product("gathered", weights, v)
    rows = peer.at(f"{name}/output_input", found.transpose(1, 2).reshape(x.shape))
    weight = peer.weight(f"{name}/output_weight", 0)
    return f.linear(rows, weight, peer.parameters[f"{name}/output_bias"])
