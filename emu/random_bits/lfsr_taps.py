"""Taps of linear feedback shift registers of maximal length, one published set for each width.

The table of Alfke, *Efficient shift registers, LFSR counters, and long pseudo-random sequence
generators*, Xilinx application note XAPP052 (1996), widths 3 to 64; for width 2 there is one choice
only.  Every set is the exponents of a primitive polynomial, so that the period is 2^width - 1.
"""

from typing import Final

#: Taps by width, the highest first.
MAXIMAL_TAPS: Final[dict[int, tuple[int, ...]]] = {
    taps[0]: taps
    for taps in (
        *((2, 1), (3, 2), (4, 3), (5, 3), (6, 5), (7, 6), (8, 6, 5, 4), (9, 5), (10, 7), (11, 9)),
        *((12, 6, 4, 1), (13, 4, 3, 1), (14, 5, 3, 1), (15, 14), (16, 15, 13, 4), (17, 14)),
        *((18, 11), (19, 6, 2, 1), (20, 17), (21, 19), (22, 21), (23, 18), (24, 23, 22, 17)),
        *((25, 22), (26, 6, 2, 1), (27, 5, 2, 1), (28, 25), (29, 27), (30, 6, 4, 1), (31, 28)),
        *((32, 22, 2, 1), (33, 20), (34, 27, 2, 1), (35, 33), (36, 25), (37, 5, 4, 3, 2, 1)),
        *((38, 6, 5, 1), (39, 35), (40, 38, 21, 19), (41, 38), (42, 41, 20, 19)),
        *((43, 42, 38, 37), (44, 43, 18, 17), (45, 44, 42, 41), (46, 45, 26, 25), (47, 42)),
        *((48, 47, 21, 20), (49, 40), (50, 49, 24, 23), (51, 50, 36, 35), (52, 49)),
        *((53, 52, 38, 37), (54, 53, 18, 17), (55, 31), (56, 55, 35, 34), (57, 50), (58, 39)),
        *((59, 58, 38, 37), (60, 59), (61, 60, 46, 45), (62, 61, 6, 5), (63, 62)),
        (64, 63, 61, 60),
    )
}
