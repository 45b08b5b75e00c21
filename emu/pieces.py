"""How large the pieces are into which work is split."""

from ..formats import thread_count


def piece(count: int, least: int) -> int:
    """How many of ``count`` indices make a piece: one for each thread, but no fewer than ``least``.

    Handing a piece to a thread costs some ten microseconds, so that there are few.  For work
    whose results do not depend on how it is split.

    Examples
    --------
    >>> piece(100, 300)
    300
    """
    return max(1, least, -(-count // thread_count()))
