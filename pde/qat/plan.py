"""What is quantized, to how many bits, and how its range begins and learns."""

from dataclasses import dataclass, field
from typing import Final

from ...formats import Fixed
from ..errors import RunError
from ..spec import Spec, require_integer
from .quantizers import LearnedQuantizer, MinMax, StepAndOffset, StepSize
from .range_search import Ranges

#: Bits of activations that mean: not quantized.
FLOAT_BITS: Final = 32
#: How ranges of activations learn.
LEARNERS: Final[dict[str, type[StepSize] | type[StepAndOffset] | type[MinMax]]] = {
    "step": StepSize,
    "step and offset": StepAndOffset,
    "min and max": MinMax,
}


@dataclass(frozen=True, kw_only=True)
class Plan(Spec):
    """A scenario such as w4a8: the widths of the operands of every product.

    Weights are symmetric integers.  Activations of at most 8 bits have a zero point, as `learner`
    says; wider ones are symmetric, for they lose nothing by it.

    Parameters
    ----------
    weight_bits
        2 to 16.
    activation_bits
        2 to 16, or 32 for activations that are not quantized.
    per_channel
        Whether weights have a scale for each channel that comes out (for each mode in spectral
        layers), or one for the tensor.
    per_mode
        Whether activations of spectral layers have a scale for each mode.
    learner
        One of `LEARNERS`.
    weight_ranges, activation_ranges
        How ranges begin.
    wide
        Layers whose operands have 16 bits at least: an output of 8 bits over the range 1 cannot
        have a mean square error below 1.3e-6.

    Examples
    --------
    >>> Plan.named("w4a8").activation_bits
    8
    >>> Plan.named("w8a32").activation("lift/input", None) is None
    True
    >>> Plan.named("w4a8").weight("project/weight", 1).element.bits
    16
    """

    weight_bits: int
    activation_bits: int
    per_channel: bool = True
    per_mode: bool = True
    learner: str = "step and offset"
    weight_ranges: Ranges = field(default_factory=Ranges)
    activation_ranges: Ranges = field(default_factory=Ranges)
    wide: tuple[str, ...] = ("project",)

    def __post_init__(self) -> None:
        require_integer("Plan.weight_bits", self.weight_bits, least=2, most=16)
        if self.activation_bits != FLOAT_BITS:
            require_integer("Plan.activation_bits", self.activation_bits, least=2, most=16)
        if self.learner not in LEARNERS:
            known = ", ".join(map(repr, LEARNERS))
            msg = f"Plan.learner is {self.learner!r}: choose one of {known}"
            raise RunError(msg)

    @classmethod
    def named(cls, name: str) -> "Plan":
        """Return the plan of a scenario such as ``"w4a8"``, the rest as by default.

        Raises
        ------
        RunError
            For any other name.
        """
        weight, separator, activation = name.removeprefix("w").partition("a")
        numbers = weight.isdecimal() and activation.isdecimal()
        if not (name.startswith("w") and separator and numbers):
            msg = f"{name!r} is no scenario: give bits of weights and activations, such as w8a16"
            raise RunError(msg)
        return cls(weight_bits=int(weight), activation_bits=int(activation))

    @property
    def name(self) -> str:
        """The scenario, such as ``"w4a8"``."""
        return f"w{self.weight_bits}a{self.activation_bits}"

    def weight(self, site: str, axis: int | None) -> LearnedQuantizer:
        """Return the quantizer of a weight that is multiplied at ``site``, ``layer/...``.

        ``axis`` is the axis of its channels, if it has one.
        """
        element = Fixed(bits=self._at_least(self.weight_bits, site))
        kept = axis if self.per_channel else None
        return StepSize(element=element, axis=kept, symmetric=True)

    def activation(self, site: str, axis: int | None) -> LearnedQuantizer | None:
        """Return the quantizer of an activation that is multiplied at ``site``; None for none.

        ``axis`` is that of the modes of a spectral layer.
        """
        if self.activation_bits == FLOAT_BITS:
            return None
        bits, kept = self._at_least(self.activation_bits, site), axis if self.per_mode else None
        if bits > 8:
            return StepSize(element=Fixed(bits=bits), axis=kept, symmetric=True)
        return LEARNERS[self.learner](element=Fixed(bits=bits, signed=False), axis=kept)

    def _at_least(self, bits: int, site: str) -> int:
        return 16 if site.partition("/")[0] in self.wide else bits
