"""Many dot products at once: their codes, what these stand for, and their sticky flags."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...formats import FP16, FP32, FP64, Coded, Fixed, Minifloat
from ..error_free import product_to_odd
from ..errors import DatapathError

#: The formats whose codes are the bits of a NumPy float.
_FLOATS: Final[dict[Fixed | Minifloat, type]] = {
    FP16: np.float16,
    FP32: np.float32,
    FP64: np.float64,
}


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
    scale
        What the sums are still to be multiplied by: the scales of whole tensors and of affine
        integers, which no unit sees; None: 1.
    """

    format: Fixed | Minifloat | None
    codes: NDArray[Any]
    exponents: NDArray[np.int64] | None
    overflowed: NDArray[np.bool_]
    invalid: NDArray[np.bool_]
    nan: NDArray[np.bool_]
    scale: NDArray[np.float64] | None = None

    def values(self) -> NDArray[np.float64]:
        """What the codes stand for, times ``scale``, as float64; **one rounding** if there is one.

        Raises
        ------
        DatapathError
            If a register does not fit a float64.
        """
        return self._scaled(self._sums())

    def floats(self) -> NDArray[Any]:
        """The same in the NumPy float that ``format`` is; in float64 where it is none.

        Raises
        ------
        DatapathError
            If a register does not fit a float64.

        Notes
        -----
        *Exactness*: exact; with a ``scale`` **one rounding** to nearest even of the product.
        """
        dtype = None if self.format is None else _FLOATS.get(self.format)
        if dtype is None:
            return self.values()
        sums: NDArray[Any] = self.codes.view(dtype)
        if self.scale is None or dtype is np.float64:
            return self._scaled(sums)
        # Sums and scales, which are products of two binary32, are `ordinary`: all is certain.
        with np.errstate(invalid="ignore", over="ignore", under="ignore"):
            return product_to_odd(sums.astype(np.float64), self.scale).values.astype(dtype)

    def _scaled(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(over="ignore", under="ignore"):
            return sums if self.scale is None else sums * self.scale

    def _sums(self) -> NDArray[np.float64]:
        if self.format is not None:
            values: NDArray[np.float64] = Coded(format=self.format, codes=self.codes).values()
            return values
        if np.any(np.abs(self.codes) > 2**53):
            msg = "a register of more than 53 bits is no float64: use codes and exponents"
            raise DatapathError(msg)
        scaled = np.ldexp(self.codes.astype(np.float64), self.exponents)  # type: ignore[arg-type]
        return np.where(self.nan, np.nan, scaled)
