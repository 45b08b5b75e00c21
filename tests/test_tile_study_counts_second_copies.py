"""In the study of tiles a square codes each operand once, and a vector those that are transposed.

How many elements are coded is a closed form; how elements are scaled within a byte of exponent is
nobody's business; the rest is what was measured with the grid of the smallest tier.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.emu import Datapath, Tape, preset, smx_datapath
from bitpde.formats import MXINT8, Block, Fixed
from bitpde.pde import MLP, Poisson, Run, initial_state, means_and_gradients
from bitpde.validation import STUDIES
from bitpde.validation.tile_study import TILES, tiled

STUDY = STUDIES["tiles"]


@cache
def found_in(tile: tuple[int, int], bits: int, hidden: int = 32, points: int = 16) -> Any:
    cell = {"tile": list(tile), "bits": bits, "hidden": hidden, "points": points, "seed": 0}
    return STUDY.measure(cell, Path())


def coded(hidden: int, points: int, square: bool) -> int:
    """Return how many elements one step codes, for each operand of a product once.

    Each of the two terms of the loss has ``points`` rows of values and 8 parts of rises for each
    of them, those of 4 pairs of nodes.  The residual does not use values: their gradient begins
    one layer further down.
    """
    h, rows = hidden, 9 * points
    weights = 2 * h + 2 * h * h + h
    activations = 2 * rows * (2 + 3 * h)
    gradients = 2 * rows * (3 * h + 1) - points
    of_weights = 4 * weights - h  # of values and of rises, in either term
    once = weights + activations + gradients + of_weights
    if square:
        return once
    # Transposed are all weights but the first, whose inputs are no variables; activations, where
    # there is a gradient to meet them; and gradients that go on to a lower layer.
    first = 2 * rows * h
    return once + (weights - 2 * h) + (activations - points * h) + (gradients - first)


@pytest.mark.parametrize(("hidden", "points"), [(5, 3), (32, 16)])
@pytest.mark.parametrize("tile", TILES)
def test_elements_coded_are_a_closed_form(tile: tuple[int, int], hidden: int, points: int) -> None:
    square = tile[0] == tile[1]
    found = found_in(tile, 8, hidden, points)
    assert found["quantizations"] == coded(hidden, points, square)
    # Codes take a byte each, and every tile, ragged ones included, a byte of scale.
    assert found["bytes"] > coded(hidden, points, square)


@pytest.mark.parametrize("tile", TILES)
def test_bits_per_element_count_a_byte_for_each_tile(tile: tuple[int, int]) -> None:
    assert found_in(tile, 8)["bits_per_element"] == 8 + 8 / (tile[0] * tile[1])


def gradients_on(datapath: Datapath) -> list[Any]:
    run = Run(
        problem=Poisson(), datapath=datapath, network=MLP(widths=(2, 16, 16, 1)),
        domain_points=8, condition_points=8,
    )  # fmt: skip
    return means_and_gradients(run, initial_state(run).parameters, Tape(datapath), 0)[1]


def test_vectors_of_8_bits_are_mxint8() -> None:
    # Their elements are fractions and ours are integers, with exponents that are 6 more.
    ours = tiled((1, 32), 8)
    cast = replace(ours.activation, format=MXINT8)
    theirs = replace(ours, activation=cast, weight=cast, gradient=cast)
    for a, b in zip(gradients_on(ours), gradients_on(theirs), strict=True):
        assert np.array_equal(a, b)


def test_machines_differ_in_the_shape_of_their_tiles_alone() -> None:
    assert tiled((4, 4), 12).digest() == smx_datapath(12, 12, 12).digest()
    for tile in TILES:
        datapath = tiled(tile, 4)
        for cast in datapath.operand_casts:
            assert cast.format == Block(element=Fixed(bits=4), tile=tile)
        same = {name: getattr(preset("smx8"), name) for name in ("accumulator", "vector")}
        assert {name: getattr(datapath, name) for name in same} == same


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_larger_squares_lose_more(bits: int) -> None:
    # Measured; a tile's step is that of its largest element, and larger tiles have larger ones.
    errors = [found_in((side, side), bits)["gradient"] for side in (4, 8, 16)]
    assert errors == sorted(errors)


@pytest.mark.parametrize("tile", TILES)
def test_four_more_bits_leave_a_sixteenth_of_the_error(tile: tuple[int, int]) -> None:
    # Steps are 1/16 as large; what else differs is chance, and what 4 bits clip: 8 to 30.
    errors = [found_in(tile, bits)["gradient"] for bits in (4, 8, 12)]
    for wide, narrow in zip(errors[1:], errors, strict=False):
        assert 8 < narrow / wide < 30


def test_the_table_shows_each_cell_in_its_place() -> None:
    results = [
        {
            **cell, "gradient": cell["tile"][1] + cell["bits"] / 100, "loss": 0.5,
            "quantizations": 1000, "bytes": 1000 * cell["tile"][0], "bits_per_element": 4.5,
        }
        for cell in STUDY.cells("smoke", 2)
    ]  # fmt: skip
    table = STUDY.table(results).splitlines()
    row = "| 12 | 1x32 | 4.500 | 1,000 | 1,000 | 0.25 | 3.2e+01 ± 0.0e+00 | 5.0e-01 ± 0.0e+00 |"
    assert table.count(row) == 1
    assert len(table) == 2 + 3 * len(TILES)


def test_the_picture_names_every_tile() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    cells = STUDY.cells("smoke", 1)
    STUDY.draw(figure, [{**cell, "gradient": 0.1, "bytes": 5000} for cell in cells])
    for panel in figure.axes:
        assert [text.get_text() for text in panel.texts] == [f"{r}x{c}" for r, c in TILES]
