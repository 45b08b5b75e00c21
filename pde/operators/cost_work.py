"""What a network does to one sample: its products, and what it does element by element."""

from dataclasses import dataclass
from typing import Final, Literal

#: What a tensor that is multiplied is to a plan: an activation or a weight, which it quantizes, or
#: something that stays in the vector format.
Role = Literal["activation", "weight", "vector"]
#: The kinds of products.
PRODUCTS: Final = (
    "pointwise", "convolution", "up-sampling", "mixing", "attention", "transform"
)  # fmt: skip
#: The kinds of what is done element by element.
ELEMENTWISE: Final = ("sum", "function", "normalization")


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor that is multiplied.

    Parameters
    ----------
    role
        See `Role`.
    elements
        How many numbers it has, for one sample.
    places
        The names under which a plan knows it; of an activation the first place that asks for it,
        of a weight all parameters it is made of; none of what stays in the vector format.
    axis
        Of a weight, the axis of its channels.
    """

    role: Role
    elements: int
    places: tuple[str, ...] = ()
    axis: int | None = None


@dataclass(frozen=True, kw_only=True)
class Product:
    """One matrix product.

    Parameters
    ----------
    layer
        Where.
    kind
        One of `PRODUCTS`.
    macs
        Multiply-accumulate operations for one sample.
    left, right
        What is multiplied.
    """

    layer: str
    kind: str
    macs: int
    left: Tensor
    right: Tensor


@dataclass(frozen=True, kw_only=True)
class Elementwise:
    """One operation of the vector unit.

    Parameters
    ----------
    layer
        Where; the network itself if it is empty.
    kind
        One of `ELEMENTWISE`.
    elements
        How many numbers it gives for one sample.
    """

    layer: str
    kind: str
    elements: int


Work = Product | Elementwise


def activation(place: str, elements: int) -> Tensor:
    """Return an activation."""
    return Tensor(role="activation", elements=elements, places=(place,))


def weight(axis: int, elements: int, *places: str) -> Tensor:
    """Return a weight."""
    return Tensor(role="weight", elements=elements, places=places, axis=axis)


def unquantized(elements: int) -> Tensor:
    """Return a tensor that stays in the vector format under every plan."""
    return Tensor(role="vector", elements=elements)
