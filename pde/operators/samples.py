"""Pairs of fields, input and target, on one grid: what a network between fields is trained on."""

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RunError
from ..streams import Stream

Fields = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """N pairs of fields.

    Parameters
    ----------
    inputs
        (N, *space, P), float32 or float64, finite.
    targets
        (N, *space, Q), likewise.

    Raises
    ------
    RunError
        For any other.

    Examples
    --------
    >>> x = np.linspace(0, 1, 12).reshape(1, 3, 4, 1)
    >>> one_step(x, inputs=1).inputs.shape  # from each frame to the next
    (2, 4, 1)
    """

    inputs: Fields
    targets: Fields

    def __post_init__(self) -> None:
        shapes = self.inputs.shape, self.targets.shape
        if self.inputs.ndim not in (3, 4) or shapes[0][:-1] != shapes[1][:-1]:
            msg = f"inputs and targets have shapes {shapes[0]} and {shapes[1]}: give (N, *space, P)"
            raise RunError(msg + " and (N, *space, Q)")
        for name in ("inputs", "targets"):
            fields = getattr(self, name)
            if not np.isfinite(fields).all():
                where = [int(i) for i in np.argwhere(~np.isfinite(fields))[0]]
                msg = f"{name} hold {fields[tuple(where)]} at {where}: give finite fields"
                raise RunError(msg)

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.inputs)

    @property
    def space(self) -> tuple[int, ...]:
        """Cells along each axis."""
        return self.inputs.shape[1:-1]

    def take(self, numbers: NDArray[np.int64] | slice) -> Self:
        """Return some of the pairs, in the order of ``numbers``."""
        return type(self)(inputs=self.inputs[numbers], targets=self.targets[numbers])

    def batch(self, stream: Stream, step: int, size: int) -> Self:
        """Return the pairs of one step of training.

        Step k of an epoch takes the k-th ``size`` pairs of a permutation that belongs to the epoch:
        the order of the raw words of ``stream`` there.  The last batch of an epoch may be smaller.
        """
        epoch, k = divmod(step, self.steps_per_epoch(size))
        order = np.argsort(stream.raw(len(self), epoch), kind="stable")
        return self.take(order[k * size : (k + 1) * size])

    def steps_per_epoch(self, size: int) -> int:
        """How many batches of ``size`` an epoch has."""
        return -(-len(self) // size)


def samples_digest(samples: Samples) -> str:
    """Return SHA-256, in hexadecimal, of the types, shapes and bytes of inputs and targets.

    Examples
    --------
    >>> fields = np.zeros((3, 4, 1))
    >>> samples = Samples(inputs=fields, targets=fields)
    >>> samples_digest(samples) == samples_digest(samples.take(slice(0, 2)))
    False
    """
    digest = hashlib.sha256()
    for name in ("inputs", "targets"):
        fields = getattr(samples, name)
        digest.update(f"{name}|{fields.dtype.str}|{fields.shape}|".encode())
        for field in fields:  # one at a time: a copy of all would be as large as the set
            digest.update(field.tobytes())
    return digest.hexdigest()


def one_step(values: ArrayLike, *, inputs: int, stride: int = 1) -> Samples:
    """Return pairs of consecutive frames: ``inputs`` of them, and the one that follows.

    Parameters
    ----------
    values
        Trajectories, (N, T, *space, C).
    inputs
        How many frames go in, as channels in the order of time.
    stride
        Frames from one to the next.

    Raises
    ------
    RunError
        If there are too few frames.

    Notes
    -----
    Pairs are in the order of trajectories, then of time.
    """
    frames = np.asarray(values)[:, ::stride]
    if frames.ndim not in (4, 5) or frames.shape[1] <= inputs:
        shape = np.shape(values)
        msg = f"trajectories of shape {shape} have no {inputs} frames and one more at a stride of "
        raise RunError(msg + f"{stride}: give (N, T, *space, C) with more times")
    count = frames.shape[1] - inputs
    before = np.concatenate([frames[:, k : k + count] for k in range(inputs)], axis=-1)
    after = frames[:, inputs:]
    return Samples(
        inputs=before.reshape(-1, *before.shape[2:]), targets=after.reshape(-1, *after.shape[2:])
    )


def from_coefficient(coefficient: ArrayLike, values: ArrayLike) -> Samples:
    """Return pairs of a coefficient, (N, *space), and a solution, (N, T, *space, C), its last."""
    return Samples(inputs=np.asarray(coefficient)[..., None], targets=np.asarray(values)[:, -1])
