"""What the compiled lanes of affine integers know of a cast, worked out once."""

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .affine_rows import affine_rows
from .cast_integers import fixed_range
from .decode_affine import all_values_fit_float32
from .overflow import Overflow
from .plan import Policies
from .rounding import Rounding

#: The float32 1.5 * 2^23: from there on the next floats are the next integers, up and down.
MAGIC = np.uint32(0x4B400000)


class AffineTables(NamedTuple):
    """Rows as `affine_rows.AffineRows`; ``words[i, k]`` has the k-th word of each channel there."""

    columns: int
    step: int
    words: NDArray[np.uint32]

    def row_count(self, size: int) -> int:
        """How many rows so many elements make."""
        return -(-size // self.columns)


class AffinePlan:
    """What the lanes know of one cast to affine integers; equal to no other."""

    def __init__(self, format: Affine, policies: Policies) -> None:
        self.format = format
        self.policies = policies
        self.ends = fixed_range(format.element, policies.overflow)

    @property
    def has_lane(self) -> bool:
        """Whether float32 goes through the compiled lane: ties to even, and no other."""
        return self.policies.rounding is Rounding.NEAREST_EVEN

    @cached_property
    def has_value_lane(self) -> bool:
        """Whether its values can take the place of codes: all are float32, and none is refused."""
        refuses = self.policies.overflow is Overflow.RAISE
        return self.has_lane and not refuses and all_values_fit_float32(self.format)

    @cached_property
    def channel_words(self) -> NDArray[np.uint32]:
        """Of each channel, a column, the words of `affine_kernels`.

        They are the factor, the reciprocal and the negated scale of `affine_words`; the least and
        the greatest sum of MAGIC and an integer; what makes a code of the bits of that sum; and the
        scale.
        """
        scale, zero_point = (np.array(self.format.scale), np.array(self.format.zero_point))
        power = np.clip(1 - np.frexp(scale)[1], -126, 127)
        near = np.ldexp(scale, power)
        floats = [np.ldexp(1.0, power), 1 / near, -near, scale]
        factor, reciprocal, minus, whole = (f.astype(np.float32).view(np.uint32) for f in floats)
        integers = [int(MAGIC) + end - zero_point for end in self.ends]
        least, greatest, offset = (
            n.astype(np.uint32) for n in (*integers, (zero_point - int(MAGIC)) % 2**32)
        )
        return np.stack([factor, reciprocal, minus, least, greatest, offset, whole])


@lru_cache(maxsize=32)
def affine_tables(plan: AffinePlan, together: int) -> AffineTables:
    """The words of rows where so many elements of a channel lie together."""
    columns, step, channels = affine_rows(len(plan.format.scale), together)
    words = plan.channel_words[:, channels].swapaxes(0, 1)
    return AffineTables(columns, step, np.ascontiguousarray(words))
