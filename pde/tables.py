"""Tables as aligned text."""

from collections.abc import Sequence


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of as many cells each in columns: the first to the left, others to the right.

    Examples
    --------
    >>> print(aligned([("name", "bits"), ("FP16", "16")]), end="")
    name  bits
    FP16    16
    """
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    texts = []
    for line in lines:
        first, *rest = line
        right = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        texts.append("  ".join([first.ljust(widths[0]), *right]))
    return "\n".join(texts) + "\n"
