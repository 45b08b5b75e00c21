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


def in_blocks(lines: Sequence[Sequence[str]], width: int | None) -> str:
    """Return `aligned` lines, in blocks of columns that are no wider than ``width``.

    Each block begins with the first column, and holds at least one more however wide that is.
    None: everything in one block.

    Examples
    --------
    >>> print(in_blocks([("name", "bits", "emax"), ("FP16", "16", "15")], 12), end="")
    name  bits
    FP16    16
    <BLANKLINE>
    name  emax
    FP16    15
    """
    if width is None:
        return aligned(lines)
    first, *others = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    blocks: list[list[int]] = []
    room = 0
    for place, needed in enumerate(others, start=1):
        if not blocks or needed + 2 > room:
            blocks.append([0])
            room = width - first
        blocks[-1].append(place)
        room -= needed + 2
    return "\n".join(aligned([[line[k] for k in block] for line in lines]) for block in blocks)
