"""Sequential sums by two roundings a step: ``s <- fma(a, b, c)``, then c is s rounded to p bits.

Let a carrier of T bits have d = T - p bits more than the format.  The second rounding, to nearest
even, is one of these; both need d >= 2, and are exact but for the rounding that is meant as long as
nothing overflows.

*By splitting* (Veltkamp 1968): ``g <- (2^d + 1) s``, ``c <- g + (s - g)``.  Let |s| be in the
binade of 2^e and u = 2^(e-p+1), the last bit of c.  2^d s is a multiple S u, and g = S u + s + r
with the error r of its rounding.  s - g is -(S u + r) rounded to multiples of u, so that the result
is g - (S + [r/u]) u = s + r - [r/u] u, where [] rounds to an integer: a multiple of u by at most
u/2 from s.  Of a tie the last d bits are 10...0, which makes S even, and both roundings then take
an even multiple: so is c.

*By addition* (`rounded_at_exponent`): let m be 2^e, or the least normal number of the format if
that is greater, u = 2^(1-p) m, and K = 1.5 times 2^d: ``g <- K m + s``, ``c <- g - K m``.  As |s|
is below 2 m, g lies in the binade of 2^d m, where one step is u.  K m is an even multiple of u, so
that g is s rounded to multiples of u, ties to the even one, and moved by K m.  FMA rounds once for
the first and not at all for the second.  Zero loses its sign.

Sums of `add_products` and `add_guarded` are multiples of the format's least step, so that below its
normal numbers nothing is rounded.  What overflows stays infinite or becomes NaN, and stays that.
"""

from typing import Any

from numba.core import cgutils
from numba.extending import intrinsic

from .chain_vectors import Chain, chain_code, odd_sum, signature
from .tile import Vectors


def _split(vectors: Vectors, s: Any, factor: Any) -> Any:
    """``s`` rounded to the bits that ``factor = 2^d + 1`` leaves."""
    b = vectors.builder
    g = b.fmul(s, factor)
    return b.fadd(g, b.fsub(s, g))


def rounded_at_exponent(vectors: Vectors, s: Any, factor: Any, least: Any) -> Any:
    """``s`` rounded to a format, by K and its least normal number; every zero is +0."""
    b = vectors.builder
    m = vectors.floats(vectors.field(s))
    m = b.select(b.fcmp_ordered(">", m, least), m, least)
    return vectors.call("fma", m, b.fneg(factor), vectors.call("fma", m, factor, s))


@intrinsic
def add_products(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- sums with ``inner`` products in turn, by splitting; ``numbers`` is (factor,).

    Preconditions: no C is -0, and the second rounding makes no difference (`product_lane`).
    """

    def body(chain: Chain, splats: Any, _numbers: Any, inner: Any) -> None:
        vectors = chain.vectors
        factor = vectors.floats(splats[0])
        with cgutils.for_range(chain.builder, inner) as loop:
            for row, (x, right) in enumerate(chain.pairs(loop.index)):
                total = vectors.call("fma", x, right, chain.sums[row])
                chain.sums[row] = _split(vectors, total, factor)

    return signature(a, b, c, seen, numbers), chain_code(body)


@intrinsic
def add_guarded(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """`add_products` where its second rounding is innocuous unless an exponent grows much.

    ``numbers`` is (factor, by how much a field may grow from c to s); a block of sums where one
    grows more is summed again by sums rounded to odd.
    """

    def body(chain: Chain, splats: Any, _numbers: Any, inner: Any) -> None:
        builder, vectors = chain.builder, chain.vectors
        factor, most = vectors.floats(splats[0]), splats[1]

        def add(k: Any) -> None:
            for row, (x, right) in enumerate(chain.pairs(k)):
                before = chain.sums[row]
                total = vectors.call("fma", x, right, before)
                chain.doubt(builder.sub(vectors.field(total), vectors.field(before)))
                chain.sums[row] = _split(vectors, total, factor)

        def add_again(k: Any) -> None:
            for row, (x, right) in enumerate(chain.pairs(k)):
                odd = odd_sum(vectors, chain.sums[row], builder.fmul(x, right))
                chain.sums[row] = _split(vectors, odd, factor)

        chain.in_blocks(inner, add, most, add_again)

    return signature(a, b, c, seen, numbers), chain_code(body)


@intrinsic
def add_gradual(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- sums with ``inner`` products in turn, by addition, for sums that may underflow.

    ``numbers`` is (K, the least normal number).  Preconditions: those of `add_products`.
    """

    def body(chain: Chain, splats: Any, _numbers: Any, inner: Any) -> None:
        vectors = chain.vectors
        factor, least = (vectors.floats(word) for word in splats)
        with cgutils.for_range(chain.builder, inner) as loop:
            for row, (x, right) in enumerate(chain.pairs(loop.index)):
                total = vectors.call("fma", x, right, chain.sums[row])
                chain.sums[row] = rounded_at_exponent(vectors, total, factor, least)

    return signature(a, b, c, seen, numbers), chain_code(body)


@intrinsic
def add_masked(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- sums with ``inner`` products in turn, each truncated to the bits of a mask.

    ``numbers`` is (mask,).  Preconditions: every sum is exact in the float type, and a multiple of
    the format's least step.
    """

    def body(chain: Chain, splats: Any, _numbers: Any, inner: Any) -> None:
        vectors = chain.vectors
        with cgutils.for_range(chain.builder, inner) as loop:
            for row, (x, right) in enumerate(chain.pairs(loop.index)):
                total = vectors.bits(vectors.call("fma", x, right, chain.sums[row]))
                chain.sums[row] = vectors.floats(chain.builder.and_(total, splats[0]))

    return signature(a, b, c, seen, numbers), chain_code(body)
