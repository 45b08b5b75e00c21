"""microxcaling: the emulator of the MX paper, on the CPU; rows of 32 and square tiles."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...formats import CATALOGUE, Block, Fixed, Rounding, microxcaling
from .explanations import MICROXCALING
from .pair import Array, Outcome, Pair, PeerError, digest, load, read_values, value_words
from .peers import Sources
from .with_torchao import block_chunks

REMEDY: Final = "pip install 'bitpde[peers-torch]', and give a checkout with --microxcaling PATH"

_ELEMENTS: Final = {
    "MXFP8_E4M3": "fp8_e4m3",
    "MXFP8_E5M2": "fp8_e5m2",
    "MXFP6_E3M2": "fp6_e3m2",
    "MXFP6_E2M3": "fp6_e2m3",
    "MXFP4_E2M1": "fp4_e2m1",
    "MXINT8": "int8",
}
MODES: Final = {
    Rounding.NEAREST_AWAY: "nearest",
    Rounding.NEAREST_EVEN: "even",
    Rounding.TOWARD_ZERO: "floor",
}
_TILES: Final = ((1, 32), (4, 4), (32, 32))


def pairs(sources: Sources) -> Iterator[Pair]:
    """Six elements in three roundings, along rows and in squares of 4 and 32."""
    torch = load("torch", REMEDY)
    version = _find(sources.microxcaling)
    library = load("mx.mx_ops", REMEDY)
    for name, theirs in _ELEMENTS.items():
        row = CATALOGUE[name]
        for rounding, their_rounding in MODES.items():
            for tile in _TILES:
                if isinstance(row, Block):
                    block = replace(row, tile=tile)
                    yield Pair(
                        peer="microxcaling", version=version, format=name,
                        mode=f"{rounding.value}, {tile[0]}x{tile[1]}",
                        cast=replace(microxcaling(block), rounding=rounding),
                        theirs=partial(
                            _quantize, torch, library, theirs, their_rounding, block
                        ),
                        read=read_values,
                        chunks=partial(block_chunks, block),
                        explanations=MICROXCALING,
                    )  # fmt: skip


def _find(checkout: Path | None) -> str:
    """Make the checkout importable; what stands for its version, for it has none."""
    if checkout is None:
        msg = f"microxcaling is not on the package index: {REMEDY}"
        raise PeerError(msg)
    names = ("formats.py", "elemwise_ops.py", "mx_ops.py")
    version = f"sources {digest((checkout / 'mx' / name for name in names), REMEDY)}"
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    return version


def _quantize(
    torch: Any, library: Any, element: str, rounding: str, block: Block, x: Array, _: Any
) -> Outcome:
    rows, columns = block.tile
    values = library._quantize_mx(
        torch.from_numpy(np.ascontiguousarray(x)), 8, element,
        axes=[-1] if rows == 1 else [-2, -1], block_size=columns, round=rounding,
    ).numpy()  # fmt: skip
    # Their integers carry the sign of a zero that two's complement has no code for.
    values = values + 0.0 if isinstance(block.element, Fixed) else values
    return Outcome(words=value_words(values))
