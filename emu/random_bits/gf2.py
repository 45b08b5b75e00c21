"""Polynomials over GF(2), as integers: bit i is the coefficient of x^i.

What is wanted of them is the *order* of x modulo a polynomial p with p(0) = 1, the least n > 0 with
x^n = 1, because that is the period of a linear feedback shift register.  For an irreducible factor
of degree d the order divides 2^d - 1, and for a factor that occurs e times the least power of two
not below e comes in (Lidl and Niederreiter, *Finite Fields*, theorems 3.3 to 3.11).
"""

import math
from typing import Final

#: The primes that divide 2^n - 1 for an n from 2 to 64 (Brillhart et al., *Factorizations of
#: b^n +- 1*); a row gives those that divide it for no smaller n, for n in order.
PRIMES: Final = (
    *(3, 7, 5, 31, 127, 17, 73, 11, 23, 89, 13, 8191, 43, 151, 257, 131071, 19, 524287, 41, 337),
    *(683, 47, 178481, 241, 601, 1801, 2731, 262657, 29, 113, 233, 1103, 2089, 331, 2147483647),
    *(65537, 599479, 43691, 71, 122921, 37, 109, 223, 616318177, 174763, 79, 121369, 61681),
    *(13367, 164511353, 5419, 431, 9719, 2099863, 397, 2113, 631, 23311, 2796203),
    *(2351, 4513, 13264529, 97, 673, 4432676798593, 251, 4051, 103, 2143, 11119, 53, 157, 1613),
    *(6361, 69431, 20394401, 87211, 881, 3191, 201961, 15790321, 32377, 1212847, 59, 3033169),
    *(179951, 3203431780337, 61, 1321, 2305843009213693951, 715827883, 92737, 649657),
    *(641, 6700417),
)


def divide(a: int, p: int) -> tuple[int, int]:
    """Quotient and remainder of a by p, p not zero; exact.

    Examples
    --------
    >>> divide(0b1011, 0b11)  # x^3 + x + 1 = (x^2 + x) (x + 1) + 1
    (6, 1)
    """
    quotient = 0
    while a.bit_length() >= p.bit_length():
        shift = a.bit_length() - p.bit_length()
        a ^= p << shift
        quotient |= 1 << shift
    return quotient, a


def multiply(a: int, b: int, p: int) -> int:
    """``a b`` modulo p, for a and b of lower degree than p; exact."""
    top = p.bit_length() - 1
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a >> top & 1:
            a ^= p
        b >>= 1
    return product


def power(a: int, n: int, p: int) -> int:
    """``a^n`` modulo p, n >= 0, a of lower degree than p; exact.

    Examples
    --------
    >>> power(0b10, 7, 0b1011)  # x has order 7 modulo x^3 + x + 1
    1
    """
    result = divide(1, p)[1]
    while n:
        if n & 1:
            result = multiply(result, a, p)
        a, n = multiply(a, a, p), n >> 1
    return result


def greatest_common_divisor(a: int, b: int) -> int:
    """The polynomial of highest degree that divides both; exact."""
    while b:
        a, b = b, divide(a, b)[1]
    return a


def factor_degrees(p: int) -> set[int]:
    """Degrees of the irreducible factors of p: x^(2^d) - x is the product of those that divide d.

    Examples
    --------
    >>> sorted(factor_degrees(0b1111))  # x^3 + x^2 + x + 1 = (x + 1)^3
    [1]
    """
    degrees, degree = set(), 0
    while p.bit_length() > 1:
        degree += 1
        x = divide(2, p)[1]
        frobenius = x
        for _ in range(degree):
            frobenius = multiply(frobenius, frobenius, p)
        common = greatest_common_divisor(p, frobenius ^ x)
        while common.bit_length() > 1:
            degrees.add(degree)
            p = divide(p, common)[0]
            common = greatest_common_divisor(p, common)
    return degrees


def order(p: int) -> int:
    """The least n > 0 with x^n = 1 modulo p; p of degree 1 to 64 with p(0) = 1; exact.

    Examples
    --------
    >>> order(0b1011), order(0b11111)  # x^3 + x + 1 is primitive, x^4 + ... + 1 is not
    (7, 5)
    """
    x = divide(2, p)[1]
    n = 64 * math.lcm(*(2**degree - 1 for degree in factor_degrees(p)))
    for prime in (2, *PRIMES):
        while n % prime == 0 and power(x, n // prime, p) == divide(1, p)[1]:
            n //= prime
    return n
