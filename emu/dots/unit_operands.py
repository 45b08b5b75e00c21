"""What units that form products of elements and scales cannot take."""

from ...formats import Affine, Coded
from ..errors import DatapathError


def require_unit_operand(operand: Coded) -> None:
    """Require elements and scales alone: no zero point, and no scale of the whole tensor but 1.

    Raises
    ------
    DatapathError
        Naming what else there is, and what to do.
    """
    if isinstance(operand.format, Affine):
        msg = f"{operand.format} has a zero point: multiply its values"
        raise DatapathError(msg)
    if operand.tensor_scale not in (None, 1.0):
        msg = (
            f"the operand has a scale of the whole tensor, {operand.tensor_scale}, which no unit "
            "sees: give it as 1.0 and multiply the result"
        )
        raise DatapathError(msg)
