"""Random numbers as a function of (seed, name, step, index): nothing to save, nothing to disturb.

A stream holds no state.  Its numbers at one step are the output of Philox4x64-10, the counter-based
generator of Salmon, Moraes, Dror and Shaw (*Parallel random numbers: as easy as 1, 2, 3*, SC 2011),

    raw[i] = word (i mod 4) of Philox(key, counter = (1 + i div 4, 0, step, 0)),

with the key drawn from the seed and the stream's name by SHA-256.  Consequences: a resumed run
needs no generator state; a longer draw begins with the shorter one; changing how many points one
stream draws leaves every other stream as it was.

Only raw words are taken from NumPy: their sequence is a published algorithm, while the sequences
of ``Generator.normal`` and its relatives may change between NumPy versions.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import RunError
from .spec import require_integer

_VERSION = "bitpde.stream.1"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """The random numbers called ``name`` under ``seed``.

    Parameters
    ----------
    seed
        A non-negative integer of any size.
    name
        What the numbers are for, such as ``"sampling/domain"``.

    Examples
    --------
    >>> stream = Stream(seed=0, name="stein")
    >>> bool((stream.raw(5, step=3) == stream.raw(9, step=3)[:5]).all())
    True
    """

    seed: int
    name: str

    def __post_init__(self) -> None:
        require_integer("Stream.seed", self.seed, least=0)
        if not isinstance(self.name, str) or not self.name:
            msg = f"Stream.name is {self.name!r}: give a text that is not empty"
            raise RunError(msg)

    @property
    def key(self) -> int:
        """The 128-bit Philox key: the first 16 bytes, little endian, of SHA-256 of the identity."""
        identity = f"{_VERSION}\0{self.seed}\0{self.name}".encode()
        return int.from_bytes(hashlib.sha256(identity).digest()[:16], "little")

    def raw(self, count: int, step: int) -> NDArray[np.uint64]:
        """Return the first ``count`` 64-bit words of ``step``; exact.

        Parameters
        ----------
        count, step
            Non-negative integers, ``step`` below ``2**64``.

        Raises
        ------
        RunError
            For any other ``count`` or ``step``.
        """
        require_integer("the count of a draw", count, least=0)
        require_integer("the step of a draw", step, least=0)
        if step >= 2**64:
            msg = f"the step of a draw is {step}: give one below 2**64"
            raise RunError(msg)
        return np.random.Philox(counter=step << 128, key=self.key).random_raw(count)

    def uniform(self, shape: tuple[int, ...], step: int) -> NDArray[np.float64]:
        """Return multiples of 2^-53 in [0, 1), ``(raw >> 11) 2^-53``; exact.

        Examples
        --------
        >>> points = Stream(seed=0, name="sampling/domain").uniform((3, 2), step=0)
        >>> points.shape, bool((points < 1).all())
        ((3, 2), True)
        """
        words = (self.raw(math.prod(shape), step) >> np.uint64(11)).astype(np.float64)
        return words.reshape(shape) * 2.0**-53

    def normal(self, shape: tuple[int, ...], step: int) -> NDArray[np.float64]:
        """Return standard normal numbers by inversion, ``ndtri(((raw >> 12) + 1/2) 2^-52)``.

        The argument is exact and symmetric about 1/2, hence never 0 or 1; magnitudes stay below
        8.21.  The inverse normal distribution is SciPy's, an approximation good to a few units in
        the last place whose last bits may differ between SciPy builds.

        Examples
        --------
        >>> bool(abs(Stream(seed=0, name="stein").normal((1000,), step=0)).max() < 8.21)
        True
        """
        from scipy.special import ndtri

        words = (self.raw(math.prod(shape), step) >> np.uint64(12)).astype(np.float64)
        return np.asarray(ndtri((words + 0.5) * 2.0**-52), np.float64).reshape(shape)
