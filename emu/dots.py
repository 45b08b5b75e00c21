"""Many dot products at once: their codes, what these stand for, and their sticky flags."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Coded, Fixed, Minifloat
from .errors import DatapathError


@dataclass(frozen=True, kw_only=True, eq=False)
class Dots:
    """What `dot` returns; every array has the shape of the result.

    Parameters
    ----------
    format
        Of the codes; None for the integer registers.
    codes
        Codes in ``format``'s dtype, or int64 registers.
    exponents
        A register is worth ``code 2^exponent``; None where ``format`` says it.
    overflowed
        Whether a finite sum left the accumulator: it became infinite, saturated or wrapped.
    invalid
        Whether a NaN came of 0 times an infinity or of infinities of both signs.
    nan
        Whether a register is NaN, which no code of it says.
    """

    format: Fixed | Minifloat | None
    codes: NDArray[Any]
    exponents: NDArray[np.int64] | None
    overflowed: NDArray[np.bool_]
    invalid: NDArray[np.bool_]
    nan: NDArray[np.bool_]

    def values(self) -> NDArray[np.float64]:
        """What the codes stand for, as float64; exact.

        Raises
        ------
        DatapathError
            If a register does not fit a float64.
        """
        if self.format is not None:
            values: NDArray[np.float64] = Coded(format=self.format, codes=self.codes).values()
            return values
        if np.any(np.abs(self.codes) > 2**53):
            msg = "a register of more than 53 bits is no float64: use codes and exponents"
            raise DatapathError(msg)
        scaled = np.ldexp(self.codes.astype(np.float64), self.exponents)  # type: ignore[arg-type]
        return np.where(self.nan, np.nan, scaled)
