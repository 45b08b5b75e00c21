"""Operands of matrix products: the stored codes of a tensor, from both sides.

A product contracts the columns of its left operand and the rows of its right one, and tiles must
lie along the contraction.  A tensor used forward and, transposed, backward is contracted along both
axes.  A square tile serves both: **one copy, one rounding**, and ``.T`` touches no bit.  A vector
tile serves one: the other needs **a second copy and a second rounding** from the source.
"""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...formats import FP32, FP64, Block, Cast, Coded, FormatError, short_name
from ..errors import DatapathError
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
    """

    def __init__(self, tape: "Tape", source: NDArray[Any], cast: Cast, name: str) -> None:
        self._tape = tape
        self._source = source
        self._cast = cast
        self._name = name

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
            coded, counts = cast.encode_counted(self._source)
        except FormatError as error:
            msg = f"{self._name} cannot be quantized: {error}"
            raise DatapathError(msg) from error
        same = self._source.dtype == np.float32 and cast.format == FP32
        same |= self._source.dtype == np.float64 and cast.format == FP64
        self._tape.enter(
            Ledger(
                quantizations=0 if same else counts.elements,
                bytes_by_format={short_name(self._cast.format): coded.nbytes},
                saturations=counts.saturated,
                underflows=counts.underflowed,
            )
        )
        return coded
