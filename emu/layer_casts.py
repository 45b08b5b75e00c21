"""Casts of one layer that differ from those of the others."""

from dataclasses import dataclass

from ..formats import Cast
from .errors import DatapathError


@dataclass(frozen=True, kw_only=True)
class LayerCasts:
    """What a datapath does otherwise in one layer of a network; None: as everywhere.

    Parameters
    ----------
    layer
        Its number, from 0.
    activation, weight, gradient, difference
        Casts of operands of matrix products, as those of `Datapath`.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT16, Cast
    >>> LayerCasts(layer=0, weight=Cast(format=SMX_INT16)).changes
    ['weight']
    """

    layer: int
    activation: Cast | None = None
    weight: Cast | None = None
    gradient: Cast | None = None
    difference: Cast | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.layer, int) or isinstance(self.layer, bool) or self.layer < 0:
            msg = f"layer of LayerCasts is {self.layer!r}: give an integer of at least 0"
            raise DatapathError(msg)
        for role in ("activation", "weight", "gradient", "difference"):
            if not isinstance(getattr(self, role), Cast | None):
                msg = (
                    f"{role} of layer {self.layer} is {getattr(self, role)!r}: give a Cast or None"
                )
                raise DatapathError(msg)

    @property
    def changes(self) -> list[str]:
        """The roles that differ."""
        roles = ("activation", "weight", "gradient", "difference")
        return [role for role in roles if getattr(self, role) is not None]
