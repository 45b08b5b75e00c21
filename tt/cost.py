r"""What a plan costs: closed formulas in the shapes of a layer and the number of rows.

With R(k) the product of the inputs from k + 1 on and P(k) that of the outputs before k, core k of
the sequential plan takes

.. math:: B \, R(k) \, r_{k-1} m_k r_k, \qquad
          B \, P(k) \, r_{k-1} n_k r_k, \qquad
          B \, P(k) \, R(k) \, r_{k-1} m_k n_k r_k

multiply-accumulate operations, where it has an input, an output, or both; two halves that meet at
a bond of rank r take :math:`B (M + N) r`, or :math:`B r (M N_1 + M_2 N)` if they share indices;
the whole matrix takes :math:`B M N`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .choices import TTForm, TTPlan
from .errors import TensorTrainError
from .layer import TTLayer

Product = tuple[int, int, int]  # (rows, inner, columns)


@dataclass(frozen=True, kw_only=True)
class ContractionCost:
    """What one forward pass through a layer takes.

    Products with rows have an adjoint of as many operations again for the gradient of either
    operand.
    """

    #: multiply-accumulate operations of the machine's matrix products: they grow with the rows
    macs: int
    #: rounded multiply-adds of the vector unit, to merge cores: they do not
    merging_macs: int
    #: results of products that are rounded to be an operand of the next one
    intermediates: int
    #: elements of operands, each coded once
    quantizations: int
    #: elements of the largest array: of rows, cores, merged cores, or a result
    peak_elements: int


def contraction_cost(layer: TTLayer, batch: int) -> ContractionCost:
    """Return the cost of ``layer.apply`` on ``batch`` rows, by its plan.

    Raises
    ------
    TensorTrainError
        If ``batch`` is not a positive integer.

    Examples
    --------
    >>> layer = TTLayer(inputs=(4, 4), outputs=(4, 4), ranks=(1, 4, 8, 4, 1))
    >>> cost = contraction_cost(layer, batch=100)
    >>> cost.macs, cost.merging_macs, cost.intermediates
    (25600, 1024, 1)
    """
    if type(batch) is not int or batch < 1:
        message = f"the number of rows is {batch!r}; give a positive integer"
        raise TensorTrainError(message)
    products, merging = list(_products(layer, batch)), list(_merging(layer))
    results = [rows * columns for rows, _, columns in (*products, *merging)]
    cores = [math.prod(shape) for shape in layer.core_shapes]
    return ContractionCost(
        macs=sum(math.prod(each) for each in products),
        merging_macs=sum(math.prod(each) for each in merging),
        intermediates=len(products) - 1,
        quantizations=sum((rows + columns) * inner for rows, inner, columns in products),
        peak_elements=max(batch * layer.shape[0], *results, *cores),
    )


def cheapest(layer: TTLayer, batch: int) -> TTPlan:
    """Return the plan of the fewest multiply-adds, those that merge cores included.

    Of plans that tie the one with fewer rounded intermediates.  It is operations that are counted,
    not seconds: a processor may do one large product faster than several small ones of fewer
    operations.

    Raises
    ------
    TensorTrainError
        If ``batch`` is not a positive integer.

    Examples
    --------
    >>> layer = TTLayer(inputs=(16, 16), outputs=(16, 16), ranks=(1, 8, 8, 8, 1))
    >>> cheapest(layer, batch=1), cheapest(layer, batch=1000)
    (TTPlan.SEQUENTIAL, TTPlan.HALF_MERGED)
    """
    plans = [TTPlan.FULL, TTPlan.HALF_MERGED, TTPlan.SEQUENTIAL]
    if layer.core_count == 1:
        plans.remove(TTPlan.HALF_MERGED)
    costs = {plan: contraction_cost(replace(layer, plan=plan), batch) for plan in plans}
    return min(plans, key=lambda p: (costs[p].macs + costs[p].merging_macs, costs[p].intermediates))


def _products(layer: TTLayer, batch: int) -> Iterator[Product]:
    """The products with rows, in order."""
    inputs, outputs = layer.shape
    middle, rank = layer.middle, layer.ranks[layer.middle]
    single = layer.form is TTForm.TT
    if layer.plan is TTPlan.FULL:
        yield batch, inputs, outputs
    elif layer.plan is TTPlan.SEQUENTIAL:
        yield from _single_products(layer, batch) if single else _paired_products(layer, batch)
    elif single:
        yield batch, inputs, rank
        yield batch, rank, outputs
    else:
        m2, n1 = math.prod(layer.inputs[middle:]), math.prod(layer.outputs[:middle])
        yield batch * m2, inputs // m2, n1 * rank
        yield batch * n1, rank * m2, outputs // n1


def _single_products(layer: TTLayer, batch: int) -> Iterator[Product]:
    """One product per core of one index."""
    cores = layer.core_shapes
    for k, (before, side, after) in enumerate(cores[: layer.middle]):
        yield batch * math.prod(layer.inputs[k + 1 :]), before * side, after
    for k, (before, side, after) in enumerate(cores[layer.middle :]):
        yield batch * math.prod(layer.outputs[:k]), before, side * after


def _paired_products(layer: TTLayer, batch: int) -> Iterator[Product]:
    """One product per core of two indices."""
    for k, (before, m, n, after) in enumerate(layer.core_shapes):
        rows = batch * math.prod(layer.outputs[:k]) * math.prod(layer.inputs[k + 1 :])
        yield rows, before * m, n * after


def _merging(layer: TTLayer) -> Iterator[Product]:
    """The products that merge cores."""
    if layer.plan is TTPlan.SEQUENTIAL:
        return
    sides = [math.prod(shape[1:-1]) for shape in layer.core_shapes]
    middle, ranks = layer.middle, layer.ranks
    for k in range(1, middle):
        yield math.prod(sides[:k]), ranks[k], sides[k] * ranks[k + 1]
    for k in range(len(sides) - 2, middle - 1, -1):
        yield ranks[k] * sides[k], ranks[k + 1], math.prod(sides[k + 1 :])
    if layer.plan is TTPlan.FULL and middle < len(sides):
        yield math.prod(sides[:middle]), ranks[middle], math.prod(sides[middle:])
