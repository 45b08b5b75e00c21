"""Tensor trains in place of the wide weights of a network."""

import math
from dataclasses import replace
from itertools import pairwise

from ..tt import TTForm, TTLayer, TTPlan
from .network import MLP
from .spec import require_integer

#: Layers with a narrower side stay matrices: a train would hardly be smaller.
NARROWEST = 16


def compressed(
    network: MLP, rank: int, plan: TTPlan = TTPlan.HALF_MERGED, form: TTForm = TTForm.TT
) -> MLP:
    """Return the network with a train for every layer that is wide on both sides.

    Both sides are widened to powers of two and split into factors of 4 and 8; inner ranks are
    ``rank``, or less where fewer make any matrix.

    Examples
    --------
    >>> small = compressed(MLP(widths=(2, 256, 256, 1)), rank=8)
    >>> [train and (train.inputs, train.ranks) for train in small.trains]
    [None, ((4, 4, 4, 4), (1, 4, 8, 8, 8, 8, 8, 4, 1)), None]
    >>> MLP(widths=(2, 256, 256, 1)).parameter_count, small.parameter_count
    (66817, 2593)
    """
    trains = tuple(
        _train(inputs, outputs, rank, plan, form) if min(inputs, outputs) >= NARROWEST else None
        for inputs, outputs in pairwise(network.widths)
    )
    return replace(network, trains=trains if any(trains) else ())


def rank_that_saves(network: MLP, times: int) -> int:
    """Return the largest rank at which trains leave at most ``1 / times`` of the parameters.

    It is 1 where no rank leaves so few.

    Parameters
    ----------
    network
        Without trains.
    times
        At least 2.

    Examples
    --------
    >>> dense = MLP(widths=(2, 256, 256, 256, 1))
    >>> rank = rank_that_saves(dense, times=20)
    >>> rank, dense.parameter_count // compressed(dense, rank).parameter_count
    (11, 21)
    """
    require_integer("times", times, least=2)
    rank = 1
    while times * compressed(network, rank + 1).parameter_count <= network.parameter_count:
        rank += 1
    return rank


def _train(inputs: int, outputs: int, rank: int, plan: TTPlan, form: TTForm) -> TTLayer:
    sides = _factors(inputs), _factors(outputs)
    count = max(map(len, sides))
    if form is TTForm.TTM:
        sides = tuple((1,) * (count - len(side)) + side for side in sides)  # type: ignore[assignment]
        cores = [a * b for a, b in zip(*sides, strict=True)]
    else:
        cores = [*sides[0], *sides[1]]
    inner = (min(rank, math.prod(cores[:k]), math.prod(cores[k:])) for k in range(1, len(cores)))
    return TTLayer(inputs=sides[0], outputs=sides[1], ranks=(1, *inner, 1), form=form, plan=plan)


def _factors(side: int) -> tuple[int, ...]:
    """The next power of two as a product of fours, with at most one 2 or 8 at the end.

    Examples
    --------
    >>> [_factors(side) for side in (16, 21, 101, 256, 512)]
    [(4, 4), (4, 8), (4, 4, 8), (4, 4, 4, 4), (4, 4, 4, 8)]
    """
    bits = max(1, (side - 1).bit_length())
    fours = bits // 2
    if bits % 2 == 0:
        return (4,) * fours
    return (*((4,) * (fours - 1)), 8) if fours else (2,)
