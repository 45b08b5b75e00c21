"""Counting differences, and taking off those that a row of the register explains."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from .pair import Array, Outcome, Pair


@dataclass(kw_only=True)
class Tally:
    """What was found for one peer, format and mode.

    Parameters
    ----------
    peer, version, format, mode
        What was compared.
    compared, differences
        Numbers of elements.
    explained
        Differences by the register row that explains them.
    first
        The first difference that no row explains, for a reader to look into, or None.
    """

    peer: str
    version: str
    format: str
    mode: str
    compared: int = 0
    differences: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    first: dict[str, Any] | None = None

    @property
    def unexplained(self) -> int:
        """Differences that are failures."""
        return self.differences - self.explained.total()

    def add(self, pair: Pair, x: Array, bits: Array | None) -> None:
        """Compare one chunk."""
        ours, theirs = pair.ours(x, bits), pair.theirs(x, bits)
        different = ours.differs(theirs)
        self.compared += different.size
        self.differences += int(different.sum())
        for explanation in pair.explanations:
            if different.any():
                explained = different & explanation.covers(pair.cast, x, bits)
                if explained.any():
                    self.explained[explanation.row] += int(explained.sum())
                different &= ~explained
        if self.first is None and different.any():
            self.first = _describe(pair, x, bits, (ours, theirs), different)


def compare(pairs: Iterable[Pair], count: int) -> Iterator[Tally]:
    """Compare on at least ``count`` elements for every format of every peer.

    The modes of a format share the count.  Results of one peer, format and mode are added up.
    """
    for _, group in groupby(pairs, key=lambda pair: (pair.peer, pair.format)):
        members = list(group)
        modes = dict.fromkeys(pair.label for pair in members)
        tallies = {
            label: Tally(peer=label[0], version=label[1], format=label[2], mode=label[3])
            for label in modes
        }
        for pair in members:
            for x, bits in pair.chunks(-(-count // len(modes))):
                tallies[pair.label].add(pair, x, bits)
        yield from tallies.values()


def _describe(
    pair: Pair, x: Array, bits: Array | None, sides: tuple[Outcome, Outcome], different: Array
) -> dict[str, Any]:
    """The row of the first difference in full, so that it can be computed again."""
    index = tuple(int(i) for i in np.argwhere(different)[0])
    found: dict[str, Any] = {"cast": repr(pair.cast), "element": index[-1]}
    row = slice(index[0], index[0] + 1) if x.ndim == 1 else index[0]
    found["input"] = hex_words(x[row])
    if bits is not None:
        found["bits"] = np.atleast_1d(bits[row]).tolist()
    for name, side in zip(("ours", "theirs"), sides, strict=True):
        found[name] = [f"{int(word):x}" for word in np.atleast_1d(side.words[row])]
        if side.scales is not None and x.ndim > 1 and side.scales.shape[0] == x.shape[0]:
            found[f"{name}_scales"] = [f"{int(scale):02x}" for scale in side.scales[row]]
    return found


def hex_words(x: Array) -> list[str]:
    """The bits of floats in hexadecimal.

    Examples
    --------
    >>> hex_words(np.array([1.0], np.float32)), hex_words(np.array([1.0]))
    (['3f800000'], ['3ff0000000000000'])
    """
    words = np.ascontiguousarray(x).view(np.uint32 if x.dtype == np.float32 else np.uint64)
    return [f"{int(word):0{2 * x.itemsize}x}" for word in np.atleast_1d(words).ravel()]
