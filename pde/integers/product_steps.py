"""Steps that multiply: integers in, registers out."""

from dataclasses import dataclass

import numpy as np

from ...formats import split_work
from .registers import carrier
from .step import Integers, Setting, Step


@dataclass(frozen=True, kw_only=True)
class Product(Step):
    """Codes times weights: ``sum_k q_ik w_kj``, of matrices or of batches of them.

    Zero points are not subtracted: what they would take away is a number for each column, with
    which the sum begins (``offsets``) or which the next `Rescale` adds.

    Parameters
    ----------
    bound
        No partial sum is larger.

    Notes
    -----
    The array ``weights`` is (K, N) or (G, K, N); ``offsets``, if there is one, has one row of it.
    """

    bound: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the registers."""
        kind = carrier(self.bound)
        sums = products(tensors[0], self.array(setting, "weights"), kind)
        offsets = setting.arrays.get(f"{self.target}:offsets")
        if offsets is not None:
            sums += offsets.astype(kind)
        return sums


@dataclass(frozen=True, kw_only=True)
class Pairing(Step):
    """Codes times codes, batch by batch, each minus its zero point: ``sum_k (p - y) (q - z)``.

    Parameters
    ----------
    zeros
        y and z.
    bound
        No partial sum is larger.
    """

    zeros: tuple[int, int]
    bound: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the registers."""
        kind = carrier(self.bound)
        left, right = (
            x.astype(kind) - kind(zero) for x, zero in zip(tensors, self.zeros, strict=True)
        )
        return products(left, right, kind)


@dataclass(frozen=True, kw_only=True)
class Gain(Step):
    """Integers times one integer for each channel, the array ``gains``."""

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the registers, int64."""
        return tensors[0].astype(np.int64) * self.array(setting, "gains").astype(np.int64)


def products(left: Integers, right: Integers, kind: type[np.generic]) -> Integers:
    """Return ``left @ right`` in a type in which nothing is rounded, in whatever order it adds."""
    a, b = left.astype(kind, copy=False), right.astype(kind, copy=False)
    if a.ndim == 2:
        return np.asarray(a @ b)
    out = np.empty((*a.shape[:-1], b.shape[-1]), kind)

    def work(start: int, stop: int) -> None:
        np.matmul(a[start:stop], b[start:stop], out=out[start:stop])

    split_work(work, len(out), max(1, len(out) // 8))
    return out
