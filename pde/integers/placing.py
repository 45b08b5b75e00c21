"""Where a program rounds beside what quantizers round, and to which integers."""

from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .grids import Grid, Widths
from .program import FUNCTIONS, MOVES, NORMALIZING, PRODUCTS, Operation, Place, Program

#: Bits that centred integers of a normalization have beyond those that come in.
FINER: Final = 4
#: Activations of at most so many bits count as narrow.
NARROW: Final = 8
#: Bits of the registers of 32 and of 64 bits that sums may use.
_ROOM: Final = (30, 60)


class Placing:
    """What is rounded in a program, from the values of a forward pass.

    Parameters
    ----------
    program
        Whose `grids` and `finer` are filled in.
    values
        Of all tensors.
    widths
        Of the integers.
    """

    def __init__(
        self, program: Program, values: Mapping[int, NDArray[Any]], widths: Widths
    ) -> None:
        self.program, self.values, self.widths = program, values, widths
        self.makers, self.constants = program.makers, program.constants

    def fill(self) -> None:
        """Choose the integers of everything that is rounded.

        Raises
        ------
        RunError
            If a product takes what nothing quantizes.
        """
        for each in self.program.operations:
            if each.result in self.constants:
                continue
            if each.name in FUNCTIONS:
                narrow = all(self._bits_asked(end) <= NARROW for end in self._ends(each.result))
                self._reach((each.result, 0), "functions" if narrow else "wide", each.operands[0])
            elif each.name in NORMALIZING:
                self._normalization(each)
            elif each.name in PRODUCTS:
                self._product(each)
            elif each.name == "add" and each.operands[1] in self.program.leaves:
                self.program.finer[each.result] = self._finer(each.operands[0])
            if self._is_kept(each):
                self._reach((each.result, -1), "wide", each.result)
        self._input()
        self._reach((self.program.output, -1), "outputs", self.program.output)

    def _reach(self, place: Place, kind: str, tensor: int) -> None:
        largest = float(np.abs(self.values[tensor]).max(initial=0.0))
        self.program.grids[place] = self.widths.grid(kind, largest)

    def _exactly(self, place: Place, bits: int, tensor: int) -> None:
        """Integers of constants, which no other sample exceeds."""
        largest = float(np.abs(self.values[tensor]).max(initial=0.0))
        self.program.grids[place] = Grid.reaching(largest, bits)

    def _normalization(self, each: Operation) -> None:
        """The widest operand the squares of which a register of 64 bits has room for."""
        if each.name == "softmax":
            narrow = self._source_bits(each.operands[0]) <= NARROW
            self._reach((each.result, 0), "functions" if narrow else "wide", each.operands[0])
            return
        shape = self.program.sized(each.operands[0], 1)
        groups = each.about[0]
        count = (prod(shape[1:]) if each.name == "group_norm" else shape[-1]) // groups
        bits = (61 - count.bit_length()) // 2 + 1 - FINER
        largest = float(np.abs(self.values[each.operands[0]]).max(initial=0.0))
        reach = self.widths.headroom * largest
        self.program.grids[each.result, 0] = Grid.reaching(reach, min(bits, self.widths.wide + 2))
        self._exactly((each.result, 1), self.widths.wide, each.operands[1])

    def _product(self, each: Operation) -> None:
        for position, operand in enumerate(each.operands):
            narrow = self._source_bits(each.operands[0]) <= NARROW
            if operand in self.program.leaves:
                bits = self.widths.constants if narrow else self.widths.wide
                self._exactly((each.result, position), bits, operand)
            elif not self._is_coded(operand):
                self._require_product(operand)
                self._reach((each.result, position), "operands" if narrow else "wide", operand)

    def _input(self) -> None:
        """The integers of what goes in: those of the only quantizer that takes it, if it is one."""
        place, ends = (self.program.input, -1), self._ends(self.program.input)
        grids = {self.makers[result].about for result, _ in ends if self.makers[result].place}
        if len(grids) == 1 and all(self.makers[result].place for result, _ in ends):
            (self.program.grids[place],) = grids
        else:
            self._reach(place, "wide", self.program.input)

    def _finer(self, tensor: int) -> int:
        """How many bits a sum can be shifted left before a bias is added, by declared widths."""
        maker = self.makers[tensor]
        while maker.name in ("reshape", "transpose", "scale"):
            maker = self.makers[maker.operands[0]]
        if maker.name not in PRODUCTS:
            return 0
        depth = self.program.sized(maker.operands[0], 1)[-1]
        bound = depth * prod(self._farthest(maker, k) for k in (0, 1))
        room = next((room for room in _ROOM if bound.bit_length() <= room), bound.bit_length())
        return min(self.widths.finer, room - bound.bit_length())

    def _farthest(self, maker: Operation, position: int) -> int:
        """The largest distance of a code from its zero, in an operand of a product."""
        grid = self.program.grids.get((maker.result, position))
        grids = [grid] if grid is not None else list(self._quantizers(maker.operands[position]))
        return max(each.farthest for each in grids)

    def _quantizers(self, tensor: int) -> list[Grid]:
        """What made the codes that a tensor holds."""
        maker = self.makers[tensor]
        if maker.place:
            return [maker.about]
        return [grid for operand in maker.operands for grid in self._quantizers(operand)]

    def _source_bits(self, tensor: int) -> int:
        """Bits of the activation that a tensor is made of."""
        maker = self.makers.get(tensor)
        if maker is None or maker.place:
            return maker.about.bits if maker is not None else NARROW
        return self._source_bits(maker.operands[0])

    def _bits_asked(self, end: Place) -> int:
        """Bits of what is made of a result."""
        maker = self.makers[end[0]]
        return maker.about.bits if maker.place else self.widths.wide

    def _is_coded(self, tensor: int) -> bool:
        """Whether a tensor holds what quantizers made, moved."""
        maker = self.makers.get(tensor)
        if maker is None:
            return False
        moved = maker.name in (*MOVES, "scale")
        return bool(maker.place) or (moved and all(map(self._is_coded, maker.operands)))

    def _is_kept(self, each: Operation) -> bool:
        """Whether a result is rounded because several take it, or a sum takes what is no sum."""
        if each.result == self.program.output:
            return False
        ends = self._ends(each.result)
        summed = any(self.makers[result].name == "add" for result, _ in ends)
        if each.name == "add" and not self.constants.intersection(each.operands):
            return summed or len(ends) > 1
        return each.name in FUNCTIONS and summed

    def _ends(self, tensor: int) -> list[Place]:
        """Who takes a tensor in the end, behind moves."""
        found: list[Place] = []
        for result, position in self.program.consumers(tensor):
            if self.makers[result].name in (*MOVES, "max_pool", "scale"):
                found += self._ends(result)
            else:
                found.append((result, position))
        return found

    def _require_product(self, tensor: int) -> None:
        """Require that what no quantizer made is inside a transform: a product, moved."""
        maker = self.makers.get(tensor)
        while maker is not None and maker.name in ("reshape", "transpose", "scale"):
            maker = self.makers.get(maker.operands[0])
        if maker is None or maker.name not in PRODUCTS:
            msg = "a product takes what nothing quantizes: export a network with a plan whose "
            raise RunError(msg + "activations have at most 16 bits")
