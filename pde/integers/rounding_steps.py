"""Steps that round: registers to codes by the rule, and codes to codes by a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...emu import (
    Limits,
    RequantizationRule,
    Scaling,
    add_terms,
    divide_by_power_of_two,
    interpolate,
    look_up,
    rescale,
)
from ..spec import Spec
from .grids import Grid
from .registers import LARGEST
from .step import Integers, Setting, Step

#: Bits that entries of tables with lines between them have beyond those of results, as do terms of
#: sums if there is room; where a term saturates; the bits that address such a table.
GUARD, TERM, ADDRESS = 8, 2**30, 12


@dataclass(frozen=True, kw_only=True)
class Term(Spec):
    """One summand of a `Rescale`.

    Parameters
    ----------
    axis
        Of the channels, which have offsets, multipliers and shifts of their own.
    left
        By how many bits registers are shifted left before their offsets are added.
    bound
        No register is larger, nor shifted, nor with its offset.
    """

    axis: int
    left: int
    bound: int

    @property
    def bits(self) -> int:
        """The width of the registers."""
        return 32 if self.bound <= LARGEST[32] else 64


@dataclass(frozen=True, kw_only=True)
class Rescale(Step):
    """``clamp(zero + round(sum_k m_k (2^left_k registers_k + offset_k)))``.

    One term is rounded as the rule says.  Several are rounded to units of ``2^-guard``, saturate at
    ``2^30`` of them, are added, and rounded again.

    Parameters
    ----------
    terms
        One for each source.
    grid
        The codes that come out.

    Notes
    -----
    The arrays ``offsets k``, ``multipliers k`` and ``shifts k`` belong to the k-th term.
    """

    terms: tuple[Term, ...]
    grid: Grid

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the codes."""
        grid = self.grid
        if len(tensors) == 1 and grid.axis is None:
            limits = Limits(grid.zeros[0], grid.lowest, grid.highest)
            return self._scaled(0, tensors[0], setting, limits, np.dtype(grid.dtype))
        inside = Limits(0, -TERM, TERM)
        parts = [
            self._scaled(k, each, setting, inside, np.dtype(np.int32))
            for k, each in enumerate(tensors)
        ]
        guard = guard_bits(grid)
        if len(parts) == 2 and grid.axis is None:
            limits = Limits(grid.zeros[0], grid.lowest, grid.highest)
            first, second = parts
            return add_terms(first, second, guard, limits, setting.rule, np.dtype(grid.dtype))
        total = sum(part.astype(np.int64) for part in parts[1:]) + parts[0].astype(np.int64)
        if len(tensors) > 1:
            total = _without_guard(total, guard, setting.rule)
        zeros = grid.along(np.array(grid.zeros), total.ndim)
        return np.asarray(np.clip(total + zeros, grid.lowest, grid.highest), grid.dtype)

    def _scaled(
        self, k: int, registers: Integers, setting: Setting, limits: Limits, dtype: Any
    ) -> Integers:
        scaling = Scaling(
            *(self.array(setting, f"{part} {k}") for part in ("offsets", "multipliers", "shifts"))
        )
        term = self.terms[k]
        return rescale(
            registers, scaling, limits, setting.rule, dtype, left=term.left, bits=term.bits,
            axis=term.axis,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LookUp(Step):
    """The entries of the array ``table``, the first of which is that of the code ``first``.

    Parameters
    ----------
    first
        The least code that comes in.
    function
        What the table is of.
    grid
        The codes that come out.
    """

    first: int
    function: str
    grid: Grid

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the entries."""
        return look_up(tensors[0], self.first, self.array(setting, "table"))


@dataclass(frozen=True, kw_only=True)
class Interpolate(Step):
    """The array ``table``, of every ``2^places``-th code from ``first`` on, and lines between.

    Entries are in units of ``2^-8``; see `bitpde.emu.interpolate`.

    Parameters
    ----------
    first, places
        Where entries lie.
    function
        What the table is of.
    grid
        The codes that come out.
    """

    first: int
    places: int
    function: str
    grid: Grid

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the results."""
        limits = Limits(self.grid.zeros[0], self.grid.lowest, self.grid.highest)
        table = self.array(setting, "table")
        dtype = np.dtype(self.grid.dtype)
        return interpolate(tensors[0], self.first, self.places, table, limits, dtype)


def guard_bits(grid: Grid) -> int:
    """Return how many more bits terms have than their sum, which is of a grid.

    Examples
    --------
    >>> [guard_bits(Grid.reaching(1.0, bits)) for bits in (8, 20, 24)]
    [8, 8, 4]
    """
    return min(GUARD, 28 - grid.bits)


def _without_guard(total: Integers, guard: int, rule: RequantizationRule) -> Integers:
    """A sum of terms in units of one; ties as the second rounding of the rule has them."""
    if rule is RequantizationRule.DOUBLE:
        return divide_by_power_of_two(total, guard)
    return np.asarray((total + (1 << (guard - 1))) >> np.int64(guard))
