"""What a peer makes of a row of the register, computed now."""

import numpy as np

from ..register import Result, Row
from .pair import NAN_WORD, Outcome, read_values
from .peers import Sources, find_pair


def recompute_theirs(row: Row, sources: Sources | None = None) -> tuple[str, Result]:
    """The peer's version that was found, and its result for the row's input.

    Raises
    ------
    PeerError
        If the peer is not installed.
    """
    pair = find_pair(row.peer, row.format, row.mode, sources)
    outcome = pair.theirs(row.x, row.random)
    return pair.version, result_of_words(outcome, values=pair.read is read_values)


def result_of_words(outcome: Outcome, *, values: bool) -> Result:
    """Codes, or values where a peer shows no codes, as a row holds them.

    Examples
    --------
    >>> result_of_words(Outcome(words=np.array([56], np.uint64)), values=False).codes
    (56,)
    """
    words = outcome.words.ravel()
    scales = () if outcome.scales is None else tuple(outcome.scales.ravel().tolist())
    if values:
        return Result(values=tuple(f"{int(word):016x}" for word in words))
    numbers = words.view(np.int64).tolist()
    codes = tuple("nan" if word == NAN_WORD else n for word, n in zip(words, numbers, strict=True))
    return Result(codes=codes, scales=scales)
