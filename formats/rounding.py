"""Rounding: which of the two neighbours a real number becomes.

A real ``x`` between two consecutive multiples ``q`` and ``q + 1`` of a format's lsb (ulp) leaves a
fraction ``nu`` in ``[0, 1)``.  Every mode is one predicate on ``(nu, q, sign)`` that says whether
the magnitude steps up:

* NEAREST_EVEN: ``nu > 1/2``, or ``nu = 1/2`` and ``q`` is odd: 2.5 -> 2, 3.5 -> 4;
* TOWARD_ZERO: never: 2.9 -> 2, -2.9 -> -2;
* STOCHASTIC with ``N`` random bits ``R``: ``floor(nu 2^N) + R >= 2^N``: 2.25 -> 3 for one quarter
  of the ``R``.

Nothing else in the library decides a rounding: the compiled routine is
``formats/scalar_kernels.py``, its twin in rational arithmetic ``formats/exact.py``.
"""

from enum import Enum


class Rounding(Enum):
    """Which neighbour is taken; the value is the name used in JSON."""

    #: the nearer neighbour; of two equally near ones the one with an even significand
    NEAREST_EVEN = "nearest_even"
    #: the nearer neighbour; of two equally near ones the one larger in magnitude
    NEAREST_AWAY = "nearest_away"
    #: the neighbour smaller in magnitude (truncation of the significand)
    TOWARD_ZERO = "toward_zero"
    #: the lesser neighbour (toward minus infinity)
    DOWN = "down"
    #: the greater neighbour (toward plus infinity)
    UP = "up"
    #: the neighbour with an odd significand, unless the value is exact (von Neumann, "jamming")
    TO_ODD = "to_odd"
    #: up in magnitude when ``floor(nu 2^N) + R >= 2^N`` for N random bits R (add and truncate)
    STOCHASTIC = "stochastic"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back

    @property
    def code(self) -> int:
        """The integer by which compiled kernels know this mode: its position in the enum."""
        return _CODES[self]


_CODES = {mode: position for position, mode in enumerate(Rounding)}
