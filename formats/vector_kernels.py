"""Compiled casts of float32 input in vectors of words: every rounding, every overflow policy.

The results are codes, or their values as float32 where ``ends`` says how (`quantize.py` makes
them; it is None for codes), so that no codes are written and read again.

A strip of tiles is cast in one pass over memory if its tiles are 1 x 32, or 4 or 8 columns wide,
and else in two: the lows of all columns first, then row by row.  A strip that holds a NaN, an
infinity or an extreme scale is left alone and reported: `encode_kernels.encode_strips`, which gives
the same bits, takes it.
"""

import numpy as np

from .even_kernels import even_code, even_value
from .float32_bits import INFINITY, MAGNITUDE, ONE, ONES, ZERO
from .jit import inlined_kernel, kernel
from .one_pass_kernels import narrow_rows, strips_together, widen_rows
from .philox_kernels import draws_per_group, fill_groups
from .scalar_kernels import SATURATED, UNDERFLOWED
from .shift_kernels import any_code, any_value, usual_code, usual_value
from .tile_kernels import prepare_strip, scale_and_low, store_scales, top_of_32, tops_of_columns
from .vector_tables import ALIGNED, DETERMINISTIC, EVEN, RANDOM
from .vector_words import (
    greatest_of_16,
    load_16,
    spread_16,
    store_16,
    sum_of_16,
    writable,
)
from .words import add, both, greater, subtract


@inlined_kernel
def usual_result(word, low, draw, kind, element, even, rounding, ends):
    """What a word of a whole tile is cast to; masks of saturation and underflow for codes only."""
    if ends is not None:
        none = both(word, ZERO)
        if kind == EVEN:
            return even_value(word, low, element, even, ends), none, none
        return usual_value(word, low, draw, kind, element, rounding, ends), none, none
    if kind == EVEN:
        return even_code(word, low, element, even)
    return usual_code(word, low, draw, kind, element, rounding)


@inlined_kernel
def any_result(word, low, draw, kind, element, even, rounding, ends):
    """The same of all ways of rounding."""
    if ends is not None:
        none = both(word, ZERO)
        if kind == EVEN:
            return even_value(word, low, element, even, ends), none, none
        return any_value(word, low, draw, kind, element, rounding, ends), none, none
    if kind == EVEN:
        return even_code(word, low, element, even)
    return any_code(word, low, draw, kind, element, rounding)


@inlined_kernel
def cast_sixteen(words, at, low, draws, drawn, kind, element, even, rounding, ends, results):
    """Cast sixteen words of tiles from ``at`` on; masks of saturation and underflow.

    ``low`` is one for all or a vector; a random rounding has their draws from ``drawn`` on.
    """
    word = load_16(words, at)
    draw = load_16(draws, drawn) if kind == ALIGNED else word
    result, beyond, below = usual_result(word, low, draw, kind, element, even, rounding, ends)
    store_16(results, at, result)
    return beyond, below


@kernel
def cast_sixteens(
    words, row, lows, draws, drawn, kind, element, even, rounding, ends, results, counts
):
    """Cast one row's sixteens of columns under their lows; whether all inputs are finite.

    The counts are of saturated and underflowed elements.
    """
    columns = words.shape[1]
    saturated, underflowed, peaks = spread_16(ZERO), spread_16(ZERO), spread_16(ZERO)
    for j in range(0, columns - columns % 16, 16):
        word, low = load_16(words, row * columns + j), load_16(lows, j)
        draw = load_16(draws, drawn + j) if kind >= RANDOM else word
        result, beyond, below = any_result(word, low, draw, kind, element, even, rounding, ends)
        store_16(results, row * columns + j, result)
        saturated = subtract(saturated, beyond)
        underflowed = subtract(underflowed, below)
        peaks = greater(peaks, both(word, MAGNITUDE))
    counts[0] = add(counts[0], sum_of_16(saturated))
    counts[1] = add(counts[1], sum_of_16(underflowed))
    return greatest_of_16(peaks) < INFINITY


@kernel
def cast_row(
    words, row, lows, draws, drawn, kind, element, even, rounding, ends, results, counts, spare,
    spare_results,
):  # fmt: skip
    """The same of all columns; what remains is filled up in spare arrays of 16.

    ``spare`` has a row each for words, lows and draws.
    """
    columns = words.shape[1]
    finite = cast_sixteens(
        words, row, lows, draws, drawn, kind, element, even, rounding, ends, results, counts
    )
    whole = columns - columns % 16
    if whole < columns:
        fill_spare(words, row, whole, lows, draws, drawn, kind, spare)
        finite &= cast_sixteens(
            spare[0:1], 0, spare[1], spare[2], 0, kind, element, even, rounding, ends,
            spare_results, counts,
        )  # fmt: skip
        for j in range(whole, columns):
            results[row, j] = spare_results[0, j - whole]
    return finite


@kernel
def fill_spare(words, row, whole, lows, draws, drawn, kind, spare):
    """Fill the rows of ``spare`` with the columns from ``whole`` on, and with zeros.

    Zeros count for nothing under any lawful low.
    """
    spare[:] = ZERO
    spare[1] = lows[whole]
    for j in range(whole, words.shape[1]):
        spare[0, j - whole] = words[row, j]
        spare[1, j - whole] = lows[j]
        if kind >= RANDOM:
            spare[2, j - whole] = draws[drawn + j]


@kernel
def cast_lines(
    words, first, last, scaling, limit, draws, drawn, kind, element, even, rounding, ends, scales,
    results, counts,
):  # fmt: skip
    """Scales and results of rows of whole tiles of 1 x 32, and the counts of `cast_row`.

    False, and all is to be done anew, at the first tile whose low less 1 reaches ``limit``.
    """
    saturated, underflowed = spread_16(ZERO), spread_16(ZERO)
    start = first * words.shape[1]
    for tile in range((last - first) * words.shape[1] // 32):
        scales[tile], less_one = scale_and_low(top_of_32(words, start + 32 * tile), scaling)
        if less_one >= limit:
            return False
        for j in range(32 * tile, 32 * tile + 32, 16):
            beyond, below = cast_sixteen(
                words, start + j, add(less_one, ONE), draws, drawn + j, kind, element, even,
                rounding, ends, results,
            )  # fmt: skip
            saturated = subtract(saturated, beyond)
            underflowed = subtract(underflowed, below)
    counts[0], counts[1] = sum_of_16(saturated), sum_of_16(underflowed)
    return True


@kernel
def cast_squares(
    words, first, last, tile_rows, tile_columns, scaling, limit, draws, drawn, kind, element, even,
    rounding, ends, scales, results, counts,
):  # fmt: skip
    """The same for rows of tiles of 4 or 8 columns, sixteens of columns in all."""
    columns = words.shape[1]
    most, saturated, underflowed = spread_16(ZERO), spread_16(ZERO), spread_16(ZERO)
    stored = 0
    for top in range(first, last, tile_rows):
        end = min(last, top + tile_rows)
        for start in range(0, columns, 16):
            tops = tops_of_columns(words, top, end, start, tile_columns)
            scale, less_one = scale_and_low(tops, scaling)
            store_scales(scales, stored + start, scale, tile_columns)
            most = greater(most, less_one)
            for at in range(top * columns + start, end * columns, columns):
                beyond, below = cast_sixteen(
                    words, at, add(less_one, ONE), draws, drawn + at - first * columns, kind,
                    element, even, rounding, ends, results,
                )  # fmt: skip
                saturated = subtract(saturated, beyond)
                underflowed = subtract(underflowed, below)
        stored += columns
    counts[0], counts[1] = sum_of_16(saturated), sum_of_16(underflowed)
    return greatest_of_16(most) < limit


@kernel
def cast_in_one_pass(
    words, first, last, tile_rows, tile_columns, scaling, limit, draws, drawn, kind, element, even,
    rounding, ends, scales, results, counts,
):  # fmt: skip
    """The one of both that is for these tiles; ``scales`` begin with those of the first row."""
    if tile_columns == 32:
        return cast_lines(
            words, first, last, scaling, limit, draws, drawn, kind, element, even, rounding, ends,
            scales, results, counts,
        )  # fmt: skip
    return cast_squares(
        words, first, last, tile_rows, tile_columns, scaling, limit, draws, drawn, kind, element,
        even, rounding, ends, scales, results, counts,
    )  # fmt: skip


@kernel
def cast_in_two_passes(
    words, first, last, tile_columns, scaling, first_low, limit, draws, drawn, kind, element, even,
    rounding, ends, scales, results, counts, work, lows, spare, spare_results,
):  # fmt: skip
    """The same for a strip of any tiles, or rows of a scalar format if ``scaling`` is empty."""
    most = first_low
    if scaling.size > 0:
        most = prepare_strip(words, first, last, tile_columns, scaling, scales, work, lows)
    if most == ONES:
        return False
    counts[:] = ZERO
    its_kind = DETERMINISTIC if kind == EVEN and most >= limit else kind
    for i in range(first, last):
        if not cast_row(
            words, i, lows, draws, drawn + (i - first) * words.shape[1], its_kind, element, even,
            rounding, ends, results, counts, spare, spare_results,
        ):  # fmt: skip
            return False
    return True


@kernel
def make_draws(made, position, per_group, key):
    """Fill ``made`` with random words from ``position`` on; where among them its own is."""
    fill_groups(made, position // per_group, key)
    return position % per_group


@kernel
def add_counts(counts, mine):
    """Add what became of the elements of some strips to that of those before."""
    counts[SATURATED] += mine[0]
    counts[UNDERFLOWED] += mine[1]


@kernel
def cast_strips_at_once(
    words, tile_rows, tile_columns, scaling, _first_low, element, even, kind, rounding, draws, key,
    position, ends, scales, results, counts, refused_strips, start, stop,
):  # fmt: skip
    """Scales and results of strips start..stop of a block, in one pass; whether none is left.

    The tiles have 4 or 8 columns, or are rows of 32.  Strips that are left, some tile of which is
    not for the adder, are told by ``refused_strips``: they are for `cast_strips`, whose arguments
    these are.
    """
    words = writable(words)
    rows, columns = words.shape
    width = 32 if tile_columns == 32 else 16
    together = strips_together(tile_rows, columns)
    most_rows = min(together * tile_rows, rows)
    limit = even[0] if kind == EVEN else ONES
    makes_draws = kind >= RANDOM and draws.size == 0
    per_group = draws_per_group(rounding[3])
    groups = most_rows * columns // per_group + 2 if makes_draws else 0
    made = np.empty((groups, per_group // 16, 16), np.uint32)
    source = made.reshape(made.size) if makes_draws else draws
    ragged = columns % width > 0
    wide_shape = (most_rows, columns + width - columns % width) if ragged else (0, 0)
    wide, wide_draws = np.zeros(wide_shape, np.uint32), np.zeros(wide_shape, np.uint32)
    wide_results = np.zeros(wide_shape, results.dtype)
    wide_scales = np.zeros((together, wide_shape[1] // tile_columns), np.uint8)
    flat_words, flat_scales = words.reshape(words.size), scales.reshape(scales.size)
    mine = np.zeros(2, np.uint32)
    all_easy = True
    for head in range(start, stop, together):
        tail = min(stop, head + together)
        first, last = head * tile_rows, min(rows, tail * tile_rows)
        drawn = first * columns
        if makes_draws:
            drawn = make_draws(made, position + drawn, per_group, key)
        if ragged:
            widen_rows(flat_words, first * columns, columns, last - first, wide)
            if kind == ALIGNED:
                widen_rows(source, drawn, columns, last - first, wide_draws)
            easy = cast_in_one_pass(
                wide, 0, last - first, tile_rows, tile_columns, scaling, limit,
                wide_draws.reshape(wide_draws.size), 0, kind, element, even, rounding, ends,
                wide_scales.reshape(wide_scales.size), wide_results, mine,
            )  # fmt: skip
            narrow_rows(wide_results, first, last, results)
            narrow_rows(wide_scales, head, tail, scales)
        else:
            easy = cast_in_one_pass(
                words, first, last, tile_rows, tile_columns, scaling, limit, source, drawn, kind,
                element, even, rounding, ends, flat_scales[head * scales.shape[1] :], results,
                mine,
            )  # fmt: skip
        if easy:
            add_counts(counts, mine)
        else:
            refused_strips[head:tail] = True
            all_easy = False
    return all_easy


@kernel
def cast_strips(
    words, tile_rows, tile_columns, scaling, first_low, element, even, kind, rounding, draws, key,
    position, ends, scales, results, counts, refused_strips, start, stop,
):  # fmt: skip
    """Scales and results of strips start..stop; whether none is refused.

    ``scaling`` is empty for a scalar format, whose low is ``first_low``; it, ``element``, ``even``
    and ``rounding`` are arrays of words made in `scale_words.py` and `vector_tables.py`.  Random
    words are in ``draws``, or, if that is empty, those of `philox_kernels` under ``key`` for the
    positions from ``position`` on.
    """
    words = writable(words)
    rows, columns = words.shape
    limit = even[0] if kind == EVEN else ONES
    makes_draws = kind >= RANDOM and draws.size == 0
    per_group = draws_per_group(rounding[3])
    groups = tile_rows * columns // per_group + 2 if makes_draws else 0
    made = np.empty((groups, per_group // 16, 16), np.uint32)
    source = made.reshape(made.size) if makes_draws else draws
    work = np.empty(scales.shape[1] * tile_columns, np.uint32)
    lows = np.full(work.shape[0], first_low, np.uint32)
    spare, spare_results = np.zeros((3, 16), np.uint32), np.zeros((1, 16), results.dtype)
    mine = np.zeros(2, np.uint32)
    all_easy = True
    for strip in range(start, stop):
        top = strip * tile_rows
        drawn = top * columns
        if makes_draws:
            drawn = make_draws(made, position + drawn, per_group, key)
        easy = cast_in_two_passes(
            words, top, min(rows, top + tile_rows), tile_columns, scaling, first_low, limit,
            source, drawn, kind, element, even, rounding, ends, scales[strip], results, mine, work,
            lows, spare, spare_results,
        )  # fmt: skip
        refused_strips[strip] = not easy
        all_easy &= easy
        if easy:
            add_counts(counts, mine)
    return all_easy
