"""Differences of tanh are right where the addition theorem divides nothing by nothing."""

import mpmath
import numpy as np
import pytest

from bitpde.emu import Tape, ops, preset

LARGE = [0.0, 1e-3, 0.3, 1.0, 3.0, 8.0, 20.0, 300.0]


@pytest.mark.parametrize("machine", ["fp32", "exact"])
def test_every_pair_of_arguments_has_its_difference(machine: str) -> None:
    # tanh is within 1 of 0, and each of at most 12 roundings is of a number below 2: 24 ulp of 1.
    # Relative to the difference nothing is promised for such arguments, to b it is elsewhere.
    tape = Tape(preset(machine))
    unit = float(np.finfo(tape.datapath.dtype).eps)
    signed = np.array([sign * x for x in LARGE for sign in (1, -1)], tape.datapath.dtype)
    for a in signed.tolist():
        base = tape.parameter(np.full((1, 1), a))
        steps = tape.constant(signed[:, None])
        got = ops.tanh_difference(base, steps).value[:, 0]
        want = [mpmath.tanh(a + mpmath.mpf(b)) - mpmath.tanh(a) for b in signed.tolist()]
        assert np.abs(got - np.array(want, float)).max() <= 24 * unit
        for e in signed.tolist():
            pairs = np.concatenate([signed, np.full_like(signed, e)])[:, None]
            parts = ops.tanh_parts(base, tape.constant(pairs))
            odd, even = parts.value.reshape(2, -1)
            for k, o in enumerate(signed.tolist()):
                upper = mpmath.tanh(a + mpmath.mpf(e) + mpmath.mpf(o)) - mpmath.tanh(a)
                lower = mpmath.tanh(a + mpmath.mpf(e) - mpmath.mpf(o)) - mpmath.tanh(a)
                # where a + e rounds, its error counts: at most an ulp of 600 times the slope
                slack = 24 * unit + 4 * unit * max(abs(a), abs(e), abs(o)) * float(
                    1 - min(abs(mpmath.tanh(a + e + o)), abs(mpmath.tanh(a + e - o))) ** 2
                )
                assert abs(odd[k] - float(upper - lower) / 2) <= slack
                assert abs(even[k] - float(upper + lower) / 2) <= slack
        gradient = tape.pullback(parts, np.ones(parts.shape), [base])[0]
        assert np.isfinite(gradient).all()
