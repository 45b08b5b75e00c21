"""The smoothed network and its Laplacian on a datapath: the one place that samples the network."""

from collections.abc import Sequence

import numpy as np

from ..emu import Node, Tape, ops
from .network import MLP
from .stein import Array, Nodes


def smoothed_fields(
    network: MLP, parameters: Sequence[Node], points: Array, nodes: Nodes, tape: Tape
) -> tuple[Node, Node]:
    """Return ``f`` and its Laplacian at ``points``, both (P, 1), by the formulas of ``stein.py``.

    The P J rows ``x + delta`` are summed in float64 and rounded once to the number type of the
    tape; the network runs on all of them; the differences against column 0, the *control
    variate*, are contracted with the weights in the order of the nodes, in the vector format.

    Parameters
    ----------
    network, parameters
        The network and its parameters on ``tape``.
    points
        Shape (P, D), relative to the origin the network takes (`Problem.center`).
    nodes
        The nodes around the points.
    tape
        The tape of ``parameters``.

    Examples
    --------
    >>> from bitpde.emu import preset
    >>> from bitpde.pde import SteinGaussHermite, Stream
    >>> tape, points = Tape(preset("exact")), np.zeros((3, 2))
    >>> stream, network = Stream(seed=0, name="initialization"), MLP(widths=(2, 8, 1))
    >>> parameters = [tape.parameter(p) for p in network.initialize(stream, np.float64)]
    >>> nodes = SteinGaussHermite(sigma=0.1).nodes(3, 2, stream, 0)
    >>> [field.shape for field in smoothed_fields(network, parameters, points, nodes, tape)]
    [(3, 1), (3, 1)]
    """
    dtype = tape.datapath.dtype
    count, dimension = points.shape
    rows = (points[:, None, :] + nodes.offsets).reshape(-1, dimension).astype(dtype)
    outputs = network.apply(parameters, tape.constant(rows))
    samples = ops.reshape(outputs, (count, nodes.count))
    base = ops.columns(samples, 0, 1)
    rise = ops.subtract(ops.columns(samples, 1, nodes.count), base)
    estimates = ops.contract(rise, _weights(nodes).astype(dtype))
    value = ops.add(base, ops.columns(estimates, 0, 1))
    return value, ops.columns(estimates, 1, 2)


def _weights(nodes: Nodes) -> Array:
    """Return the weights of value and Laplacian of all nodes but 0: (J - 1, 2) or (P, J - 1, 2)."""
    laplacian = nodes.laplacian_weights
    value = np.broadcast_to(nodes.value_weights, laplacian.shape)
    return np.stack([value, laplacian], axis=-1)[..., 1:, :]
