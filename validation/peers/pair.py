"""One thing that a peer and this library both do, and how the results are read to be compared."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed

Array = NDArray[Any]
#: Inputs, and random bits where the rounding takes them.
Chunk = tuple[Array, Array | None]

#: The word of every NaN: no code and no other value has it.
NAN_WORD: Final = np.uint64(0x7FF8_0000_0000_0000)


class PeerError(Exception):
    """A peer that is asked for cannot be used; the message says what to install or to give."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """What one side makes of an array: a word per element, and the scale code of each tile.

    Equal words mean equal results; a NaN is `NAN_WORD` whatever its payload, and a tile with the
    NaN scale is NaN in every element.
    """

    words: NDArray[np.uint64]
    scales: NDArray[np.uint8] | None = None

    def differs(self, other: "Outcome") -> NDArray[np.bool_]:
        """Which elements differ; all those of a tile whose scales differ.

        Scales are compared only where both sides show them; they belong to rows of a matrix cut
        into tiles of equal width.
        """
        different = np.asarray(self.words != other.words)
        if self.scales is None or other.scales is None:
            return different
        tiles = self.scales != other.scales
        wide = np.repeat(tiles, different.shape[-1] // tiles.shape[-1], axis=-1)
        return np.asarray(different | wide)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A register row and, from cast, inputs and random bits alone, the elements it can touch."""

    row: str
    covers: Callable[[Cast, Array, Array | None], NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A cast of ours and a function of a peer that ought to agree with it.

    Parameters
    ----------
    peer, version, format, mode
        Names for the table; results of equal names are added up.
    cast
        Our side.
    theirs
        The peer's side, of inputs and random bits.
    read
        How our codes become words comparable with theirs.
    chunks
        The inputs: chunks of at least ``count`` elements in all, the same at every call.
    explanations
        What the peer is known to do otherwise.
    """

    peer: str
    version: str
    format: str
    mode: str
    cast: Cast
    theirs: Callable[[Array, Array | None], Outcome]
    read: Callable[[Coded], Outcome]
    chunks: Callable[[int], Iterator[Chunk]]
    explanations: tuple[Explanation, ...] = ()

    @property
    def label(self) -> tuple[str, str, str, str]:
        """Peer, version, format and mode."""
        return self.peer, self.version, self.format, self.mode

    def ours(self, x: Array, bits: Array | None = None) -> Outcome:
        """Our side of the comparison."""
        return self.read(self.cast.encode(x, bits))


def read_codes(coded: Coded) -> Outcome:
    """Codes as words.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> [hex(word) for word in read_codes(Cast(format=OFP8_E4M3).encode([1.0])).words]
    ['0x38']
    """
    words = coded.codes.astype(np.int64).view(np.uint64)
    if isinstance(coded.element, Fixed) and coded.scales is None:
        return Outcome(words=words)
    words = np.where(np.isnan(coded.values()), NAN_WORD, words)
    return Outcome(words=words, scales=coded.scales)


def read_values(coded: Coded) -> Outcome:
    """Values as words: the bits of binary64, for a peer that gives values and no codes.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> [hex(word) for word in read_values(Cast(format=INT8).encode([1.0])).words]
    ['0x3ff0000000000000']
    """
    return Outcome(words=value_words(coded.values()))


def value_words(values: Array) -> NDArray[np.uint64]:
    """The bits of values as binary64, one word for every NaN.

    Examples
    --------
    >>> bool(value_words(np.array([np.nan]))[0] == NAN_WORD)
    True
    """
    wide = np.ascontiguousarray(values, np.float64)
    return np.where(np.isnan(wide), NAN_WORD, wide.view(np.uint64))


def digest(files: Iterable[Path], remedy: str) -> str:
    """Eight hexadecimal digits of SHA-256 of the files that compute a peer's result.

    Raises
    ------
    PeerError
        If one is missing; the message ends with ``remedy``.
    """
    try:
        return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]
    except OSError as error:
        msg = f"{error.filename} cannot be read: {remedy}"
        raise PeerError(msg) from error


def load(module: str, remedy: str) -> Any:
    """Import a peer.

    Raises
    ------
    PeerError
        If it is not installed; the message ends with ``remedy``.

    Examples
    --------
    >>> load("no_such_module", "give its path")
    Traceback (most recent call last):
        ...
    bitpde.validation.peers.pair.PeerError: no_such_module cannot be imported: give its path
    """
    try:
        return import_module(module)
    except ImportError as error:
        msg = f"{module} cannot be imported: {remedy}"
        raise PeerError(msg) from error
