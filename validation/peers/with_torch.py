"""PyTorch: casts from float32 to its 8- and 16-bit floats, on the CPU."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from ...formats import BF16, FP16, OFP8_E4M3, OFP8_E5M2, Cast, Overflow
from .pair import NAN_WORD, Array, Outcome, Pair, load, read_codes
from .peers import Sources
from .with_ml_dtypes import OTHERS, float32_chunks

REMEDY: Final = "pip install 'bitpde[peers-torch]'"


def pairs(_sources: Sources) -> Iterator[Pair]:
    """Six formats, to nearest even; E4M3FN saturates from version 2.13 on, infinities too."""
    torch = load("torch", REMEDY)
    saturating = tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 13)
    e4m3 = Overflow.SATURATE if saturating else Overflow.INFINITY_OR_NAN
    for name, theirs, format, overflow in (
        ("OFP8_E4M3", "float8_e4m3fn", OFP8_E4M3, e4m3),
        ("OFP8_E5M2", "float8_e5m2", OFP8_E5M2, Overflow.INFINITY_OR_NAN),
        ("BF16", "bfloat16", BF16, Overflow.INFINITY_OR_NAN),
        ("FP16", "float16", FP16, Overflow.INFINITY_OR_NAN),
        *((n, n, OTHERS[n], Overflow.INFINITY_OR_NAN) for n in OTHERS if n.endswith("m2fnuz")),
        *((n, n, OTHERS[n], Overflow.INFINITY_OR_NAN) for n in OTHERS if n.endswith("e4m3fnuz")),
    ):
        yield Pair(
            peer="torch", version=torch.__version__, format=name,
            mode=f"nearest_even, {overflow.value}",
            cast=Cast(format=format, overflow=overflow),
            theirs=partial(_codes, torch, getattr(torch, theirs)),
            read=read_codes,
            chunks=partial(float32_chunks, format),
        )  # fmt: skip


def _codes(torch: Any, dtype: Any, x: Array, _bits: Array | None) -> Outcome:
    theirs = torch.from_numpy(np.ascontiguousarray(x)).to(dtype)
    nan = theirs.to(torch.float32).isnan().numpy()
    wide = theirs.element_size() == 2
    words = theirs.view(torch.int16 if wide else torch.uint8).numpy()
    words = words.view(np.uint16 if wide else np.uint8).astype(np.uint64)
    return Outcome(words=np.where(nan, NAN_WORD, words))
