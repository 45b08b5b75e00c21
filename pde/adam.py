"""Adam (Kingma and Ba, ICLR 2015), every operation written out so that its bits are defined.

    m_t = b1 m_(t-1) + (1 - b1) g          v_t = b2 v_(t-1) + ((1 - b2) g) g
    p_t = p_(t-1) - (rate * (m_t / (1 - b1^t))) / (sqrt(v_t / (1 - b2^t)) + epsilon)

Each product, sum, quotient and square root is one IEEE 754 operation in the number type of the
parameters, in the order of the formulas, left to right; none is fused.  The scalars ``b``,
``1 - b``, ``1 - b^t``, ``rate`` and ``epsilon`` are computed in float64 and rounded once to that
type, powers by repeated squaring rather than by a library's ``pow``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .spec import Spec, settle_real

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class AdamState:
    """Updates done so far and the two moments of every parameter."""

    step: int
    first: Arrays
    second: Arrays


@dataclass(frozen=True, kw_only=True)
class Adam(Spec):
    """The constants of the method; a pure function of state and gradient.

    Examples
    --------
    >>> adam = Adam()
    >>> parameters = [np.array([1.0])]
    >>> moved, state = adam.update(parameters, [np.array([3.0])], adam.init(parameters), 0.5)
    >>> round(float(moved[0][0]), 6), state.step  # the first step moves by the rate
    (0.5, 1)
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        settle_real(self, "epsilon", least=0.0)
        for name in ("beta1", "beta2"):
            settle_real(self, name, least=0.0, below=1.0)

    def init(self, parameters: Sequence[NDArray[Any]]) -> AdamState:
        """Return the state before the first update: zero moments of the parameters' type."""
        zeros = tuple(np.zeros_like(parameter) for parameter in parameters)
        return AdamState(step=0, first=zeros, second=zeros)

    def update(
        self,
        parameters: Sequence[NDArray[Any]],
        gradients: Sequence[NDArray[Any]],
        state: AdamState,
        rate: float,
        partners: Mapping[int, int] | None = None,
    ) -> tuple[list[NDArray[Any]], AdamState]:
        """Return new parameters and state; the arguments stay as they are.

        ``partners`` names, for the index of an array that is the real or the imaginary part of
        complex numbers, the index of the other part.  Their second moment is that of ``g conj(g)``:
        ``+ ((1 - b2) h) h`` with the gradient h of the partner, so that a step does not depend on
        the phase in which the numbers are written.
        """
        step = state.step + 1
        moved, first, second = [], [], []
        groups = zip(parameters, gradients, state.first, state.second, strict=True)
        for k, (p, g, m, v) in enumerate(groups):
            one = p.dtype.type
            m = one(self.beta1) * m + one(1 - self.beta1) * g
            v = one(self.beta2) * v + one(1 - self.beta2) * g * g
            if partners and k in partners:
                h = gradients[partners[k]]
                v = v + one(1 - self.beta2) * h * h
            mean = m / one(1 - _power(self.beta1, step))
            root = np.sqrt(v / one(1 - _power(self.beta2, step)))
            moved.append(p - one(rate) * mean / (root + one(self.epsilon)))
            first.append(m)
            second.append(v)
        return moved, AdamState(step=step, first=tuple(first), second=tuple(second))


def _power(base: float, exponent: int) -> float:
    """Return ``base ** exponent`` by repeated squaring: rounded products only."""
    result = 1.0
    while exponent:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result
