"""Where the bits of each code lie in a packed byte string."""

from enum import Enum

from .errors import FormatError

#: Elements of a group in the split-halves order.
SPLIT_GROUP = 32


class BitOrder(Enum):
    """Which element of a byte, and which bit of an element, comes first.

    Examples
    --------
    >>> import numpy as np
    >>> from bitpde.formats import pack_codes
    >>> codes = np.arange(32, dtype=np.uint8) % 16
    >>> [f"{pack_codes(codes, 4, order)[0]:02x}" for order in BitOrder]
    ['10', '01', '00']
    """

    #: code k is bits k b to (k+1) b of one little-endian numeral: the first of two nibbles is the
    #: low one (ONNX int4, torchao, ModelOpt)
    FIRST_LOW = "first_low"
    #: code k is the k-th group of b bits of one big-endian bit string: the first of two nibbles is
    #: the high one (the operands of PTX cvt.e2m1x2)
    FIRST_HIGH = "first_high"
    #: of each 32 codes of 4 bits along the last axis, byte j holds code j low and code j+16 high
    #: (ggml and llama.cpp)
    SPLIT_HALVES = "split_halves"

    __repr__ = Enum.__str__  # so that what is printed evaluates back

    def check(self, bits: int, shape: tuple[int, ...]) -> None:
        """Require that codes of ``bits`` bits in an array of ``shape`` can be stored in this order.

        Raises
        ------
        FormatError
            Unless ``bits`` is 1 to 64; for `SPLIT_HALVES` also unless it is 4 and the last axis is
            a multiple of 32.
        """
        if not 1 <= bits <= 64:
            msg = f"codes have {bits} bits: choose 1 to 64"
            raise FormatError(msg)
        if self is not BitOrder.SPLIT_HALVES:
            return
        if bits != 4:
            msg = f"SPLIT_HALVES stores codes of 4 bits, not {bits}: choose FIRST_LOW or FIRST_HIGH"
            raise FormatError(msg)
        if not shape or shape[-1] % SPLIT_GROUP:
            msg = (
                f"SPLIT_HALVES stores groups of {SPLIT_GROUP} along the last axis, and shape "
                f"{shape} has none or a part of one: pad it, or choose FIRST_LOW or FIRST_HIGH"
            )
            raise FormatError(msg)
