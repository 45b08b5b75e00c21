"""The products of a dot product in rational arithmetic, with the exponents that units align by.

Nothing is shared with the kernels: a code is decoded by the definition of its format, an exponent
is that of the number it stands for.  A zero, an infinity or NaN is a float, which can say -0; every
other number is a Fraction.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import copysign, inf, isinf, isnan, nan

from ...formats import Block, Coded, Fixed, decode_exact
from ..dots.unit_operands import require_unit_operand
from ..errors import DatapathError

Number = Fraction | float


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One element of an operand: its number, its scale's, and what alignment asks of both."""

    element: Number
    scale: Number
    #: least exponent of the element's format, which its subnormals have
    element_emin: int
    scale_emin: int
    #: whether it is fixed point: then every number but 0 has the exponent ``element_emin``
    fixed: bool
    #: the least positive number of the element's format
    step: Fraction
    #: which tile along k it lies in
    tile: int

    @property
    def subnormal(self) -> bool:
        """Whether the element is below the normal numbers of its format."""
        if self.fixed or not isinstance(self.element, Fraction):
            return False
        return abs(self.element) < Fraction(2) ** self.element_emin

    def exponent(self, zero_exponent: int | None, flushed: bool) -> int | None:
        """Sum of the exponents of element and scale; None where a zero has none."""
        element = 0.0 if flushed and self.subnormal else self.element
        own = exponent_of(element, self.element_emin, zero_exponent)
        if self.fixed and isinstance(element, Fraction):
            own = self.element_emin
        scale = exponent_of(self.scale, self.scale_emin, zero_exponent)
        return None if own is None or scale is None else own + scale


@dataclass(frozen=True, kw_only=True)
class Product:
    """An exact product, and the factors it is one of."""

    left: Factor
    right: Factor

    def value(self, flushed: bool = False) -> Number:
        """The number; with subnormal elements as zeros if they are ``flushed``."""
        result: Number = Fraction(1)
        for factor in (self.left, self.right):
            element = 0.0 if flushed and factor.subnormal else factor.element
            result = multiply(multiply(result, element), factor.scale)
        return result


def exponent_of(x: Number, emin: int, zero_exponent: int | None) -> int | None:
    """Exponent of the leading bit, at least ``emin``; of a zero, what the unit says it has.

    Examples
    --------
    >>> exponent_of(Fraction(5), -14, None), exponent_of(Fraction(1, 2**20), -14, None)
    (2, -14)
    """
    if isinstance(x, Fraction):
        return max(leading_exponent(x), emin)
    return zero_exponent


def leading_exponent(x: Fraction) -> int:
    """The ``e`` with ``2^e <= |x| < 2^(e + 1)``.

    Examples
    --------
    >>> leading_exponent(Fraction(-8)), leading_exponent(Fraction(7, 8))
    (3, -1)
    """
    e = abs(x).numerator.bit_length() - x.denominator.bit_length()
    return e if Fraction(2) ** e <= abs(x) else e - 1


def multiply(x: Number, y: Number) -> Number:
    """The exact product; IEEE 754's where it is a zero, an infinity or NaN.

    Examples
    --------
    >>> multiply(Fraction(1, 3), Fraction(-3)), multiply(-0.0, Fraction(2)), multiply(0.0, inf)
    (Fraction(-1, 1), -0.0, nan)
    """
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x * y
    return _kind(x) * _kind(y)


def add(terms: list[Number], downward: bool = False) -> Number:
    """The exact sum; NaN, infinities and zeros by IEEE 754-2019, 6.1 to 6.3.

    An exact zero is +0, or -0 if ``downward`` (the mode rounds toward minus infinity), unless all
    terms are zeros of one sign.

    Examples
    --------
    >>> add([Fraction(1), Fraction(-1)]), add([-0.0, -0.0]), add([0.0, -0.0], downward=True)
    (0.0, -0.0, -0.0)
    """
    special = {x for x in terms if isinstance(x, float) and isinf(x)}
    if len(special) == 2 or any(isinstance(x, float) and isnan(x) for x in terms):
        return nan
    if special:
        return special.pop()
    total = sum((x for x in terms if isinstance(x, Fraction)), Fraction(0))
    if total:
        return total
    signs = {copysign(1, x) if isinstance(x, float) else 0.0 for x in terms}
    if len(signs) == 1 and 0.0 not in signs:
        return copysign(0.0, signs.pop())
    return -0.0 if downward else 0.0


def makes_nan(terms: list[Number]) -> bool:
    """Whether a sum without NaN among its terms is NaN: infinities of both signs."""
    special = [x for x in terms if isinstance(x, float) and not abs(x) < inf]
    return not any(isnan(x) for x in special) and {inf, -inf} <= set(special)


def products_of(a: Coded, b: Coded) -> list[Product]:
    """The products of two coded vectors in order of k.

    Raises
    ------
    DatapathError
        If they are no vectors of one length, or in a format that codes no integer times scales.
    """
    if a.ndim != 1 or b.ndim != 1 or a.shape != b.shape:
        msg = f"shapes {a.shape} and {b.shape} have no dot product: give vectors of one length"
        raise DatapathError(msg)
    left, right = factors_of(a), factors_of(b)
    return [Product(left=x, right=y) for x, y in zip(left, right, strict=True)]


def factors_of(vector: Coded) -> list[Factor]:
    """The elements of a coded vector, each by itself."""
    require_unit_operand(vector)
    format, element = vector.format, vector.element
    emin = element.emax if isinstance(element, Fixed) else element.emin
    depth = format.tile[1] if isinstance(format, Block) else 1
    scale_emin = format.scale.emin if isinstance(format, Block) else 0
    factors = []
    for k, code in enumerate(vector.codes.tolist()):
        scale: Number = Fraction(1)
        if isinstance(format, Block) and vector.scales is not None:
            scale = _number(decode_exact(format.scale, int(vector.scales[k // depth])))
        factors.append(
            Factor(
                element=_number(decode_exact(element, code)),
                scale=scale,
                element_emin=emin,
                fixed=isinstance(element, Fixed),
                step=element.lsb,
                scale_emin=scale_emin,
                tile=k // depth if isinstance(format, Block) else 0,
            )
        )
    return factors


def _number(x: Fraction | float) -> Number:
    return x if x else float(x)


def _kind(x: Number) -> float:
    return x if isinstance(x, float) else 1.0 if x > 0 else -1.0
