"""The peers by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from .pair import Pair


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the peers lie that are not installed: checkouts of their repositories, or None."""

    microxcaling: Path | None = None
    torchao: Path | None = None


def _pairs_of(name: str) -> Callable[[Sources], Iterator[Pair]]:
    def pairs(sources: Sources) -> Iterator[Pair]:
        module = import_module(f".with_{name}", __package__)
        found: Iterator[Pair] = module.pairs(sources)
        return found

    return pairs


#: What each peer shares with us, as a function of where to find it; calling it imports the peer.
PEERS: Final[dict[str, Callable[[Sources], Iterator[Pair]]]] = {
    name: _pairs_of(name)
    for name in ("apytypes", "ml_dtypes", "gfloat", "torch", "torchao", "microxcaling")
}


def find_pair(peer: str, format: str, mode: str, sources: Sources | None = None) -> Pair:
    """The pair of these names.

    Raises
    ------
    KeyError
        If the peer has none.
    PeerError
        If the peer is not installed.
    """
    for pair in PEERS[peer](sources or Sources()):
        if (pair.format, pair.mode) == (format, mode):
            return pair
    raise KeyError((peer, format, mode))
