"""Operands of matrix products: the stored codes of a tensor, from both sides.

A product contracts the columns of its left operand and the rows of its right one, and tiles must
lie along the contraction.  A tensor used forward and, transposed, backward is contracted along both
axes.  A square tile serves both: **one copy, one rounding**, and ``.T`` touches no bit.  A vector
tile serves one: the other needs **a second copy and a second rounding** from the source.
"""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import proxy

import numpy as np
from numpy.typing import NDArray

from ...formats import (
    FP32,
    FP64,
    Block,
    Cast,
    Coded,
    Counts,
    FormatError,
    NonFinite,
    Subnormals,
    short_name,
)
from ..errors import DatapathError
from .counts import nan_count
from .ledger import Ledger

if TYPE_CHECKING:
    from .tape import Tape


class Operand:
    """A matrix as the machine stores it, coded along its columns and along its rows on demand.

    Parameters
    ----------
    tape
        Whose ledger counts the copies.
    source
        The matrix in the vector unit's format, (M, N).
    cast
        How it is stored; a vector tile ``(1, k)`` means "k along the contraction".
    name
        What messages call it.
    nans
        How many of its elements are NaN; None if they have not been counted.
    """

    def __init__(
        self,
        tape: "Tape",
        source: NDArray[Any],
        cast: Cast,
        name: str,
        *,
        nans: int | None = None,
    ) -> None:
        self._tape = proxy(tape)  # which may hold this operand: no cycle keeps large arrays
        self._source = source
        self._cast = cast
        self._name = name
        self._nans = nans

    @cached_property
    def along_columns(self) -> Coded:
        """Coded for a contraction over its columns: the left operand of a product."""
        return self._store(self._cast)

    @cached_property
    def along_rows(self) -> Coded:
        """Coded for a contraction over its rows: the right operand of a product."""
        if isinstance(self._cast.format, Block) and not self._cast.format.square:
            return self._store(replace(self._cast, format=self._cast.format.T))
        return self.along_columns

    def _store(self, cast: Cast) -> Coded:
        try:
            coded, counts = self._viewed(cast) or cast.encode_counted(self._source)
        except FormatError as error:
            msg = f"{self._name} cannot be quantized: {error}"
            raise DatapathError(msg) from error
        self._tape.enter(
            Ledger(
                quantizations=0 if self._in_format(cast) else counts.elements,
                bytes_by_format={short_name(self._cast.format): coded.nbytes},
                saturations=counts.saturated,
                underflows=counts.underflowed,
            )
        )
        return coded

    def _in_format(self, cast: Cast) -> bool:
        """Whether the numbers are in the cast's format already."""
        return cast.format == (FP32 if self._source.dtype == np.float32 else FP64)

    def _viewed(self, cast: Cast) -> tuple[Coded, Counts] | None:
        """The codes of numbers that are in the cast's format already: a view, without a copy.

        None where they are not, or where a NaN is to be made the one that casts give.
        """
        x = self._source
        keeps = self._in_format(cast) and cast.plan.native is not None
        if not keeps or cast.nonfinite is not NonFinite.PROPAGATE:
            return None
        if cast.scaling.subnormals is not Subnormals.KEEP:
            return None
        if self._nans if self._nans is not None else nan_count(x):
            return None
        lies = x.flags.c_contiguous or x.swapaxes(-1, -2).flags.c_contiguous
        codes = (x if lies else np.ascontiguousarray(x)).view(f"u{x.itemsize}")
        return Coded.unchecked(cast.format, codes), Counts(x.size, 0, 0)
