"""Everything about a format and policies that encoding needs, worked out once."""

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .block import Block, element_of
from .cast_integers import cast_integers
from .kinds import Format
from .layout import native_dtype
from .minifloat import Minifloat
from .overflow import NonFinite, Overflow
from .power_of_two import PowerOfTwo
from .rounding import Rounding
from .scaling import Scaling, scaling_integers
from .vector_tables import (
    element_words,
    has_vector_lane,
    loop_kind,
    rounding_words,
    scale_tables,
    variant_words,
)


class Policies(NamedTuple):
    """How a value becomes a code: a `Cast` without its format."""

    rounding: Rounding
    overflow: Overflow
    nonfinite: NonFinite
    random_bits: int
    scaling: Scaling


class Plan:
    """What the lanes of encoding know of one cast to a scalar format or a power-of-two block."""

    def __init__(self, format: Format, policies: Policies) -> None:
        rounding, overflow = policies.rounding, policies.overflow
        self.format = format
        self.policies = policies
        self.element = element_of(format)
        self.blocked = isinstance(format, Block)
        self.code_dtype = np.dtype(self.element.code_dtype)
        plain = rounding is Rounding.NEAREST_EVEN and overflow is Overflow.INFINITY_OR_NAN
        #: the NumPy float whose conversion is this cast, if there is one
        self.native = native_dtype(format) if plain and isinstance(format, Minifloat) else None
        self.has_vector_lane = has_vector_lane(
            self.element, rounding, overflow, policies.random_bits
        )
        self.scale = PowerOfTwo()
        if isinstance(format, Block) and isinstance(format.scale, PowerOfTwo):
            self.scale = format.scale

    @cached_property
    def element_integers(self) -> tuple[int, ...]:
        """For the general lane: the element format and what lies beyond it."""
        return cast_integers(self.element, self.policies.rounding, self.policies.overflow)

    @cached_property
    def scaling_integers(self) -> tuple[int, ...]:
        """For the general lane: how a scale is chosen."""
        finite_only = self.policies.nonfinite is NonFinite.ELEMENT
        return scaling_integers(
            self.element, self.scale, self.policies.scaling, finite_only=finite_only
        )

    @cached_property
    def vector_tables(self) -> tuple[np.uint32, NDArray[np.uint8], NDArray[np.uint32]]:
        """For the vector lane: scales and the least normal values under them."""
        return scale_tables(self.element, self.scale, self.policies.scaling, blocked=self.blocked)

    @cached_property
    def vector_words(self) -> tuple[NDArray[np.uint32], int, NDArray[np.uint32]]:
        """For the vector lane: the element, which loop runs, and its rounding."""
        rounding, overflow = self.policies.rounding, self.policies.overflow
        words = rounding_words(rounding)
        if rounding.is_stochastic:
            words = (np.uint32(self.policies.random_bits), *variant_words(rounding), np.uint32(0))
        element = element_words(self.element, rounding, overflow)
        return np.array(element), loop_kind(rounding, overflow), np.array(words)


@lru_cache(maxsize=256)
def plan_for(format: Format, policies: Policies) -> Plan:
    """The plan of a cast that has no `Cast` to keep it."""
    return Plan(format, policies)
