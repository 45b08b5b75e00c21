"""Quantized networks become networks of integers."""

from typing import Any

from numpy.typing import NDArray

from ...emu import RequantizationRule
from ..operators import OperatorNetwork, Quantization
from .grids import Widths
from .network import IntegerNetwork, lowered
from .tracing import Arrays, traced


def exported(
    network: OperatorNetwork,
    quantization: Quantization,
    arrays: Arrays,
    inputs: NDArray[Any],
    *,
    rule: RequantizationRule = RequantizationRule.DOUBLE,
    widths: Widths | None = None,
) -> IntegerNetwork:
    """Return the network that does in integers what a quantized network does.

    Parameters
    ----------
    network, quantization
        What is exported, and its quantizers.
    arrays
        All parameters by name, the network's and those of quantizers.
    inputs
        At least two samples in the units of the network, (B, *space, inputs): what lies between
        products gets the ranges that they show.  Their grid is the network's from now on.
    rule
        How registers become codes: DOUBLE or SINGLE.
    widths
        Of integers of which the plan says nothing.

    Raises
    ------
    RunError
        If activations are not quantized, a transform is a float island, or a register could wrap.

    Notes
    -----
    *Exactness*: what the integers are is in the head of `definition.py`, bit for bit.

    Examples
    --------
    >>> import numpy as np
    >>> from bitpde.pde import Stream
    >>> from bitpde.pde.operators import FNO, OperatorRun, Samples, Scaling, calibrated
    >>> from bitpde.pde.qat import Plan
    >>> x = np.random.default_rng(0).standard_normal((4, 8, 1))
    >>> samples = Samples(inputs=x, targets=x)
    >>> run = OperatorRun(
    ...     network=FNO(inputs=1, outputs=1, dimension=1, modes=(2,), width=2, blocks=1, hidden=3),
    ...     scaling=Scaling.of(samples), data="noise", plan=Plan.named("w8a8"))
    >>> arrays = run.network.initialize(Stream(seed=0, name="first"), np.float32)
    >>> quantization = calibrated(run, arrays, samples)
    >>> arrays |= quantization.arrays(np.float32)
    >>> integers = exported(run.network, quantization, arrays, np.float32(x))
    >>> codes = integers.input.encode(np.float32(x))
    >>> codes.dtype, integers.run(codes)["output"].dtype
    (dtype('uint8'), dtype('int16'))
    """
    return lowered(traced(network, quantization, arrays, inputs, widths), rule)
