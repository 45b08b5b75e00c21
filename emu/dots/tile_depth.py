"""How deep the tiles are that meet along k, for the accumulators that add tile by tile."""

from ...formats import Block, Coded
from ..accumulators.accumulator import SequentialAccumulator
from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..errors import DatapathError


def depth_for(accumulator: DotAccumulator, a: Coded, b: Coded) -> int:
    """How many products one step of the accumulator covers; 1 if it does not look at tiles.

    ``a`` and ``b`` are both contracted along their columns.

    Raises
    ------
    DatapathError
        If both operands have tiles, of different depths, or if chunks would cut tiles.

    Examples
    --------
    >>> from bitpde.formats import INT8, MXINT8, Cast
    >>> a, b = (Cast(format=format).encode([1.0, 2.0]) for format in (INT8, MXINT8))
    >>> depth_for(SequentialAccumulator(), a, b)
    32
    """
    unit = accumulator.inner if isinstance(accumulator, ChunkedAccumulator) else accumulator
    if not isinstance(unit, SequentialAccumulator | PintaAccumulator):
        return 1
    depths = {x.format.tile[1] for x in (a, b) if isinstance(x.format, Block)}
    if len(depths) > 1:
        msg = f"tiles of depths {sorted(depths)} do not meet along k: encode with one depth, "
        msg += "the first operand along its columns, the second along its rows"
        raise DatapathError(msg)
    depth = depths.pop() if depths else 1
    if isinstance(accumulator, ChunkedAccumulator) and accumulator.length % depth:
        msg = f"chunks of {accumulator.length} cut tiles of depth {depth}: choose a multiple of it"
        raise DatapathError(msg)
    return depth
