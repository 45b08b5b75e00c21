"""Rounding: which of the two neighbours a real number becomes.

A real ``x`` between two consecutive multiples ``q`` and ``q + 1`` of a format's lsb (ulp) leaves a
fraction ``nu`` in ``[0, 1)``.  Every mode is one predicate on ``(nu, q, sign)`` that says whether
the magnitude steps up:

* NEAREST_EVEN: ``nu > 1/2``, or ``nu = 1/2`` and ``q`` is odd: 2.5 -> 2, 3.5 -> 4;
* TOWARD_ZERO: never: 2.9 -> 2, -2.9 -> -2;
* STOCHASTIC with ``N`` random bits ``R``: ``floor(nu 2^N) + R >= 2^N``: 2.25 -> 3 for one quarter
  of the ``R``.

Even and odd are said of the *code*: the same as of the significand, and still a rule where the
significand is a single bit (P3109, P = 1).

Nothing else in the library decides a rounding: the compiled routine is
``formats/scalar_kernels.py``, its twin in rational arithmetic ``formats/exact.py``.
"""

from enum import Enum


class Rounding(Enum):
    """Which neighbour is taken; the value is the name used in JSON."""

    #: the nearer neighbour; of two equally near ones the one with an even code
    NEAREST_EVEN = "nearest_even"
    #: the nearer neighbour; of two equally near ones the one with an odd code
    NEAREST_ODD = "nearest_odd"
    #: the nearer neighbour; of two equally near ones the one larger in magnitude
    NEAREST_AWAY = "nearest_away"
    #: the nearer neighbour; of two equally near ones the one smaller in magnitude
    NEAREST_ZERO = "nearest_zero"
    #: the nearer neighbour; of two equally near ones the greater (toward plus infinity)
    NEAREST_UP = "nearest_up"
    #: the nearer neighbour; of two equally near ones the lesser (toward minus infinity)
    NEAREST_DOWN = "nearest_down"
    #: the neighbour smaller in magnitude (truncation of the significand)
    TOWARD_ZERO = "toward_zero"
    #: the neighbour larger in magnitude
    AWAY_FROM_ZERO = "away_from_zero"
    #: the lesser neighbour (toward minus infinity)
    DOWN = "down"
    #: the greater neighbour (toward plus infinity)
    UP = "up"
    #: the neighbour with an odd code, unless the value is exact (von Neumann, "jamming")
    TO_ODD = "to_odd"
    #: up in magnitude when ``floor(nu 2^N) + R >= 2^N`` for N random bits R: add and truncate
    #: (P3109 StochasticA; what hardware does)
    STOCHASTIC = "stochastic"
    #: up when ``floor(nu 2^(N+1)) + 2R + 1 >= 2^(N+1)`` (P3109 StochasticB)
    STOCHASTIC_B = "stochastic_b"
    #: up when ``rint(nu 2^N) + R >= 2^N``, rint to nearest even (P3109 StochasticC)
    STOCHASTIC_C = "stochastic_c"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back

    #: the integer by which compiled kernels know this mode: its position in the enum
    code: int
    #: whether the mode takes random bits
    is_stochastic: bool

    def __init__(self, name: str) -> None:
        self.code = len(type(self).__members__)
        self.is_stochastic = name.startswith("stochastic")
