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
from .scale_words import lawful_low, scale_words, unit_low
from .scaling import Scaling, scaling_integers
from .vector_tables import (
    RANDOM,
    WRAPPING,
    element_words,
    even_words,
    has_vector_lane,
    loop_kind,
    rounding_words,
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
    def low_words(self) -> tuple[NDArray[np.uint32], np.uint32]:
        """For the vector lane: how scales and lows are chosen, and the low without a scale."""
        low = np.uint32(lawful_low(unit_low(self.element)))
        if not self.blocked:
            return np.empty(0, np.uint32), low
        return np.array(scale_words(self.element, self.scale, self.policies.scaling)), low

    @cached_property
    def takes_one_pass(self) -> bool:
        """Whether the vector lane has a kernel of one pass for the tiles."""
        if not isinstance(self.format, Block):
            return False
        rows, columns = self.format.tile
        few = columns in (4, 8) or (rows == 1 and columns == 32)
        return few and self.vector_words[2] not in (RANDOM, WRAPPING)

    @cached_property
    def vector_words(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32], int]:
        """For the vector lane: the element, and which loop runs."""
        rounding, overflow = self.policies.rounding, self.policies.overflow
        return (
            np.array(element_words(self.element, rounding, overflow)),
            np.array(even_words(self.element)),
            loop_kind(self.element, rounding, overflow, self.policies.random_bits),
        )

    @cached_property
    def rounding_words(self) -> NDArray[np.uint32]:
        """For the vector lane: the rounding."""
        rounding = self.policies.rounding
        words = rounding_words(rounding)
        if rounding.is_stochastic:
            words = (np.uint32(self.policies.random_bits), *variant_words(rounding), np.uint32(0))
        return np.array(words)


@lru_cache(maxsize=256)
def plan_for(format: Format, policies: Policies) -> Plan:
    """The plan of a cast that has no `Cast` to keep it."""
    return Plan(format, policies)
