"""torchao: MX casts of float32 to five float elements, under four scale rules, and NVFP4."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...formats import CATALOGUE, NVFP4, OCP_E2M1, UE4M3, Block, Cast, ScaleRule, Scaling, torchao
from .cases import blocks, chunk_sizes, generator, magnitudes, near, nudge
from .explanations import TORCHAO_EVEN, TORCHAO_NVFP4, TORCHAO_RCEIL
from .pair import NAN_WORD, Array, Chunk, Outcome, Pair, digest, load, read_codes
from .peers import Sources

REMEDY: Final = "pip install 'bitpde[peers-torch]', and give a checkout with --torchao PATH"

_ELEMENTS: Final = {
    "MXFP8_E4M3": "float8_e4m3fn",
    "MXFP8_E5M2": "float8_e5m2",
    "MXFP6_E3M2": "fp6_e3m2",
    "MXFP6_E2M3": "fp6_e2m3",
    "MXFP4_E2M1": "float4_e2m1fn_x2",
}
_EXPLAINED: Final = {ScaleRule.EVEN: TORCHAO_EVEN, ScaleRule.RCEIL: TORCHAO_RCEIL}


def pairs(sources: Sources) -> Iterator[Pair]:
    """Every element under every rule."""
    torch = load("torch", REMEDY)
    version = _find(sources.torchao)
    library = load("torchao.prototype.mx_formats.mx_tensor", REMEDY)
    for name, theirs in _ELEMENTS.items():
        block = CATALOGUE[name]
        for rule in (ScaleRule.FLOOR, ScaleRule.CEIL, ScaleRule.RCEIL, ScaleRule.EVEN):
            if isinstance(block, Block):
                mode = getattr(library.ScaleCalculationMode, rule.name)
                element = getattr(torch, theirs, theirs)
                yield Pair(
                    peer="torchao", version=version, format=name, mode=f"{rule.value}, 1x32",
                    cast=torchao(block, rule=rule),
                    theirs=partial(_encode, torch, library.to_mx, element, mode),
                    read=read_codes,
                    chunks=partial(block_chunks, block),
                    explanations=_EXPLAINED.get(rule, ()),
                )  # fmt: skip
    nvfp4 = load("torchao.prototype.mx_formats.nvfp4_tensor", REMEDY)
    yield Pair(
        peer="torchao", version=version, format="NVFP4", mode="range, 1x16",
        cast=Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE)),
        theirs=partial(_encode_nvfp4, torch, nvfp4),
        read=read_codes,
        chunks=_nvfp4_chunks,
        explanations=TORCHAO_NVFP4,
    )  # fmt: skip


def block_chunks(block: Block, count: int) -> Iterator[Chunk]:
    """Matrices of 32 columns."""
    for index, size in enumerate(chunk_sizes(count)):
        rng = generator("blocks", block.element, index)
        yield blocks(block.element, rng, size // 32), None


def _nvfp4_chunks(count: int) -> Iterator[Chunk]:
    """Tiles of 16 near elements times near scales; neither NaN nor infinities.

    All stay far above 2^-126, where the steps of the recipe would lose bits.
    """
    for index, size in enumerate(chunk_sizes(count)):
        rng = generator("nvfp4", index)
        elements = near(magnitudes(OCP_E2M1), rng, size).reshape(-1, 16)
        elements[rng.random(elements.shape[0]) < 0.7, 0] = 6.0
        scales = near(magnitudes(UE4M3), rng, elements.shape[0])[:, None]
        elements[0, 0], scales[0] = 6.0, 448.0  # so that the tensor's scale is the last factor
        exact = np.clip(elements * scales, -6.0 * 448, 6.0 * 448)
        x = (exact * np.ldexp(1 + rng.random(), index % 40)).astype(np.float32)
        steps = rng.choice([-2, -1, 0, 0, 0, 0, 0], x.shape)
        yield nudge(x, steps * (np.abs(exact) < 6 * 448)).reshape(-1, 32), None


def _find(checkout: Path | None) -> str:
    """Make the checkout what ``import torchao`` finds, if there is one; its version."""
    if checkout is None:
        return str(load("torchao", REMEDY).__version__)
    prototype = checkout / "torchao" / "prototype"
    names = ("mx_formats/mx_tensor.py", "mx_formats/kernels.py", "custom_fp_utils.py")
    version = f"sources {digest((prototype / name for name in names), REMEDY)}"
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    return version


def _encode(torch: Any, to_mx: Any, element: Any, mode: Any, x: Array, _: Any) -> Outcome:
    scales, data = to_mx(torch.from_numpy(np.ascontiguousarray(x)), element, 32, mode)
    codes = data.view(torch.uint8).numpy()
    if codes.shape != x.shape:  # two to a byte, the first in the low half
        codes = np.stack([codes & 15, codes >> 4], axis=-1).reshape(x.shape)
    codes = codes.astype(np.uint64)
    scale = scales.view(torch.uint8).numpy().reshape(*x.shape[:-1], -1)
    nan = np.repeat(scale == 255, 32, axis=-1)
    return Outcome(words=np.where(nan, NAN_WORD, codes), scales=scale)


def _encode_nvfp4(torch: Any, library: Any, x: Array, _: Any) -> Outcome:
    tensor = torch.from_numpy(np.ascontiguousarray(x))
    tensor_scale = library.per_tensor_amax_to_scale(tensor.abs().max())
    scales, data = library.nvfp4_quantize(tensor, 16, tensor_scale)
    pairs = data.view(torch.uint8).numpy()
    codes = np.stack([pairs & 15, pairs >> 4], axis=-1).reshape(x.shape)
    return Outcome(words=codes.astype(np.uint64), scales=scales.view(torch.uint8).numpy())
