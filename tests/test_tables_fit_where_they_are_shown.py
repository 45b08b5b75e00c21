"""A table in blocks has every cell once, and no line is wider than asked for if that can be."""

from hypothesis import given
from hypothesis import strategies as st

from bitpde.pde.tables import aligned, in_blocks

CELLS = st.text("abc.1", min_size=1, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Draw a header and rows of as many cells, none of them with a blank."""
    columns = draw(st.integers(2, 6))
    line = st.lists(CELLS, min_size=columns, max_size=columns)
    return draw(st.lists(line, min_size=1, max_size=4))


def blocks(text: str) -> list[list[list[str]]]:
    return [[line.split() for line in block.splitlines()] for block in text.split("\n\n")]


@given(lines=tables(), width=st.integers(1, 50))
def test_blocks_hold_the_table(lines: list[list[str]], width: int) -> None:
    found = blocks(in_blocks(lines, width))
    assert all([row[0] for row in block] == [line[0] for line in lines] for block in found)
    others = [[cell for block in found for cell in block[k][1:]] for k in range(len(lines))]
    assert others == [line[1:] for line in lines]


@given(lines=tables(), width=st.integers(1, 50))
def test_a_line_is_wider_only_with_two_columns(lines: list[list[str]], width: int) -> None:
    for block in in_blocks(lines, width).split("\n\n"):
        rows = block.splitlines()
        assert len(rows[0]) <= width or len(rows[0].split()) == 2


@given(lines=tables(), width=st.integers(1, 50))
def test_no_block_could_take_the_next_column(lines: list[list[str]], width: int) -> None:
    texts = in_blocks(lines, width).split("\n\n")
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    place = 0
    for text in texts[:-1]:
        rows = text.splitlines()
        place += len(rows[0].split()) - 1
        assert len(rows[0]) + 2 + widths[place + 1] > width


@given(lines=tables())
def test_without_a_width_there_is_one_block(lines: list[list[str]]) -> None:
    assert in_blocks(lines, None) == aligned(lines) == in_blocks(lines, 100)
