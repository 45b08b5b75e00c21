"""What codes and scales must be before kernels may index tables by them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .block import Block, element_of
from .errors import FormatError
from .kinds import Format, short_name


def check_codes(format: Format, codes: Any) -> None:
    """Require an array of the format's code dtype with nothing in it that is no code.

    Codes are looked at only where the dtype can hold something else.
    """
    if not isinstance(format, Format):
        msg = f"format of a Coded is {format!r}: give a format, such as INT8"
        raise FormatError(msg)
    element = element_of(format)
    held = np.dtype(element.code_dtype)
    given = codes.dtype if isinstance(codes, np.ndarray) else type(codes).__name__
    if given != held:
        msg = f"codes are {given}: give {held}, which holds those of {short_name(element)}"
        raise FormatError(msg)
    if element.bits == 8 * held.itemsize or codes.size == 0:
        return
    lawful = element.codes()
    least, greatest = int(codes.min()), int(codes.max())
    if least < lawful[0] or greatest > lawful[-1]:
        msg = (
            f"codes run from {least} to {greatest}, those of {short_name(element)} from "
            f"{lawful[0]} to {lawful[-1]}: make codes from numbers with Cast(...).encode"
        )
        raise FormatError(msg)


def check_scales(format: Format, shape: tuple[int, ...], scales: Any) -> None:
    """Require scales exactly if the format has them: one uint8 per tile."""
    if not isinstance(format, Block):
        if scales is not None:
            msg = f"{short_name(format)} has no scales: leave them out"
            raise FormatError(msg)
        return
    if scales is None:
        msg = f"{short_name(format)} needs scales: give uint8 of shape {format.grid(shape)}"
        raise FormatError(msg)
    if not isinstance(scales, np.ndarray):
        given = type(scales).__name__
    else:
        given = f"{scales.dtype} of shape {scales.shape}"
        if scales.dtype == np.uint8 and scales.shape == format.grid(shape):
            return
    msg = f"scales are {given}: give uint8 of shape {format.grid(shape)}, one for each tile"
    raise FormatError(msg)


def check_tensor_scale(format: Format, tensor_scale: Any) -> None:
    """Require a positive binary32 exactly if the format has a scale of the whole tensor."""
    if not (isinstance(format, Block) and format.tensor_scale):
        if tensor_scale is not None:
            msg = f"{short_name(format)} has no scale of the tensor: leave {tensor_scale!r} out"
            raise FormatError(msg)
        return
    lawful = isinstance(tensor_scale, float) and 0 < tensor_scale < np.inf
    if not lawful or float(np.float32(tensor_scale)) != tensor_scale:
        msg = f"the scale of the tensor is {tensor_scale!r}: give {short_name(format)} a positive "
        raise FormatError(msg + "float that is a binary32")


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written through; the array itself stays as it was."""
    view = np.asarray(array).view()
    view.setflags(write=False)
    return view
