"""Integer registers, with and without an exponent."""

from ...formats import kernel
from .kernels import OVERFLOWED, shifted

#: Bit of a result's flags: the register is NaN; see `dot`.
IS_NAN = 8


@kernel
def limit_register(x, least, greatest, wraps):
    """The register after the sum x was put into it."""
    if least <= x <= greatest:
        return x
    if wraps:
        return (x - least) % (greatest - least + 1) + least
    return least if x < least else greatest


@kernel
def integer_rows(am, bm, terms, least, greatest, wraps, c, flags, start, stop):
    """Rows start..stop of the registers C, limited after every ``terms`` products."""
    inner = am.shape[1]
    for i in range(start, stop):
        for j in range(bm.shape[0]):
            register, seen = int(c[i, j]), 0
            for first in range(0, inner, terms):
                total = register
                for k in range(first, min(inner, first + terms)):
                    total += int(am[i, k]) * int(bm[j, k])
                register = limit_register(total, least, greatest, wraps)
                seen |= OVERFLOWED if register != total else 0
            c[i, j] = register
            flags[i, j] = seen


@kernel
def pinta_rows(
    am, ae, af, bm, be, bf, depth, guard, least, greatest, wraps, mode, c, exponents, flags,
    start, stop,
):  # fmt: skip
    """Rows start..stop of PINTA's registers and exponents, after every pair of tiles."""
    inner = am.shape[1]
    for i in range(start, stop):
        for j in range(bm.shape[0]):
            register, exponent, seen = 0, 0, 0
            for first in range(0, inner, depth):
                if (int(af[i, first]) | int(bf[j, first])) & 1:
                    register, exponent, seen = 0, 0, seen | IS_NAN
                    break
                product = 0
                for k in range(first, min(inner, first + depth)):
                    product += int(am[i, k]) * int(bm[j, k])
                own = int(ae[i, first]) + int(be[j, first])
                exponent = own if first == 0 else exponent
                largest = max(own, exponent)
                kept = shifted(register, largest - exponent, mode)
                total = kept + shifted(product, largest - own - guard, mode)
                register = limit_register(total, least, greatest, wraps)
                seen |= OVERFLOWED if register != total else 0
                exponent = largest
            c[i, j] = register
            exponents[i, j] = exponent
            flags[i, j] = seen
