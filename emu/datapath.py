"""A datapath says, for one machine, which cast every operand and result passes through.

It is plain data: two machines are the same when their fields are, `to_json` says all there is, and
`digest` stamps results with it.  The arithmetic that obeys it is in `ops.py` and `vjps.py`:

* a matrix product quantizes its left operand with ``activation``, its right one with ``weight``,
  multiplies in ``accumulator``, and hands the sum to the vector unit, which rounds it once if its
  format does not hold it;
* in the backward pass the incoming gradient is quantized with ``gradient`` and meets the *stored*
  codes of the forward operands, transposed; the weights' gradient leaves through ``gradient``;
* everything else (bias, nonlinearity, residual, loss, optimizer) is the vector unit's, in
  ``vector``, one rounding per elementary operation; a function that ``functions`` has a unit for is
  that unit's.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from ..formats import (
    FP32,
    FP64,
    SPEC_KINDS,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    spec_from_json,
    spec_to_json,
)
from .accumulators.kinds import ACCUMULATOR_KINDS, DotAccumulator
from .errors import DatapathError
from .functions.softmax import AnyFunctionUnit
from .functions.unit_json import UNIT_KINDS
from .layer_casts import LayerCasts

#: Functions of one number that operations evaluate.
VECTOR_FUNCTIONS: Final = ("tanh", "sin", "cos", "gelu", "sigmoid")

_KINDS: dict[str, type] = {
    **SPEC_KINDS,
    **ACCUMULATOR_KINDS,
    **UNIT_KINDS,
    "LayerCasts": LayerCasts,
}


@dataclass(frozen=True, kw_only=True)
class Datapath:
    """One machine.

    Parameters
    ----------
    name
        What it is called in reports; not part of the digest.
    activation, weight, gradient
        Casts of the operands of matrix products by role.
    accumulator
        How their products become sums: any that `dot` has, if it fits the formats.
    vector
        Format of the vector unit, FP32 or FP64.
    functions
        Units for functions, at most one for each of `VECTOR_FUNCTIONS`, whose results ``vector``
        holds; the others are the vector unit's own, correctly rounded in FP32.
    difference
        Cast of differences of activations as operands of matrix products; None: ``activation``.
    master, moments
        Casts in which an optimizer keeps parameters and its moments between steps, stochastic ones
        too; None: the vector format.
    layers
        What single layers of a network do otherwise, each at most once.

    Examples
    --------
    >>> from bitpde.emu import preset
    >>> smx8 = preset("smx8")
    >>> Datapath.from_json(smx8.to_json()) == smx8
    True
    """

    name: str
    activation: Cast
    weight: Cast
    gradient: Cast
    accumulator: DotAccumulator
    vector: Minifloat
    functions: tuple[AnyFunctionUnit, ...] = ()
    difference: Cast | None = None
    master: Cast | None = None
    moments: Cast | None = None
    layers: tuple[LayerCasts, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            msg = f"name of a datapath is {self.name!r}: give a string"
            raise DatapathError(msg)
        for role in ("activation", "weight", "gradient"):
            if not isinstance(getattr(self, role), Cast):
                msg = f"{role} of datapath {self.name!r} is {getattr(self, role)!r}: give a Cast"
                raise DatapathError(msg)
        for role in ("difference", "master", "moments"):
            if not isinstance(getattr(self, role), Cast | None):
                msg = (
                    f"{role} of datapath {self.name!r} is {getattr(self, role)!r}: give a Cast or "
                )
                raise DatapathError(msg + "None")
        if not isinstance(self.accumulator, DotAccumulator):
            msg = f"datapath {self.name!r} has accumulator {self.accumulator!r}: give one such as "
            raise DatapathError(msg + "SequentialAccumulator()")
        if self.vector not in (FP32, FP64):
            msg = f"vector unit of datapath {self.name!r} is {self.vector!r}: choose FP32 or FP64"
            raise DatapathError(msg)
        if any(cast.random_bits for cast in self.operand_casts):
            msg = f"datapath {self.name!r} rounds operands stochastically: no random unit is wired"
            raise DatapathError(msg)
        self._check_tiles()
        self._check_functions()
        self._check_layers()

    @property
    def operand_casts(self) -> tuple[Cast, ...]:
        """The casts of operands of matrix products."""
        casts = (self.activation, self.weight, self.gradient)
        return casts if self.difference is None else (*casts, self.difference)

    def _check_tiles(self) -> None:
        """Every product of forward and backward pass must meet tile to tile along k."""
        tiles = {c.format.tile for c in self.operand_casts if isinstance(c.format, Block)}
        if len(tiles) > 1:
            msg = f"datapath {self.name!r} mixes tiles {sorted(tiles)}: give every role one tile"
            raise DatapathError(msg)
        for rows, columns in tiles:
            if rows not in (1, columns):
                msg = f"tile ({rows}, {columns}) is neither square nor (1, k): choose one of these"
                raise DatapathError(msg)

    def _check_layers(self) -> None:
        """Each layer that differs is named once and makes a lawful machine."""
        if not isinstance(self.layers, tuple) or not all(
            isinstance(casts, LayerCasts) for casts in self.layers
        ):
            msg = (
                f"layers of datapath {self.name!r} are {self.layers!r}: give a tuple of LayerCasts"
            )
            raise DatapathError(msg)
        numbers = [casts.layer for casts in self.layers]
        if len(set(numbers)) < len(numbers):
            msg = f"datapath {self.name!r} has casts for the layers {numbers}: give each layer once"
            raise DatapathError(msg)
        for number in numbers:
            self.for_layer(number)

    def for_layer(self, number: int) -> "Datapath":
        """The machine as it is in one layer."""
        casts = next((casts for casts in self.layers if casts.layer == number), None)
        if casts is None:
            return self
        changes = {role: getattr(casts, role) for role in casts.changes}
        return replace(self, layers=(), **changes)

    def _check_functions(self) -> None:
        """Each unit evaluates another function, into numbers of the vector format."""
        if not isinstance(self.functions, tuple) or not all(
            isinstance(unit, AnyFunctionUnit) for unit in self.functions
        ):
            msg = f"functions of datapath {self.name!r} are {self.functions!r}: give a tuple of "
            raise DatapathError(msg + "units such as FunctionTable")
        names = [unit.function for unit in self.functions]
        for name in names:
            if name not in VECTOR_FUNCTIONS or names.count(name) > 1:
                msg = f"datapath {self.name!r} has units for {names}: give one at most for each of "
                raise DatapathError(msg + ", ".join(VECTOR_FUNCTIONS))
        for unit in self.functions:
            if not _holds(self.vector, unit.output.element):
                msg = f"the unit for {unit.function} of datapath {self.name!r} writes "
                msg += f"{unit.output.format}, which its vector unit does not hold"
                raise DatapathError(msg + ": choose a narrower output")

    def unit(self, function: str) -> AnyFunctionUnit | None:
        """The unit for a function; None if it is the vector unit's own."""
        return next((unit for unit in self.functions if unit.function == function), None)

    @cached_property
    def dtype(self) -> type[np.float32] | type[np.float64]:
        """NumPy type of the vector unit's values."""
        return np.float32 if self.vector == FP32 else np.float64

    def to_json(self) -> dict[str, Any]:
        """The machine as plain data."""
        data: dict[str, Any] = spec_to_json(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Datapath":
        """The machine `to_json` wrote.

        Raises
        ------
        DatapathError
            Naming the field that is unknown, missing or unlawful.
        """
        if not isinstance(data, Mapping):
            msg = f"a {type(data).__name__} is no datapath: give the dictionary that to_json wrote"
            raise DatapathError(msg)
        try:
            spec = spec_from_json(dict(data), {**_KINDS, "Datapath": cls})
        except FormatError as error:
            msg = f"this is no datapath: {error}"
            raise DatapathError(msg) from error
        if not isinstance(spec, cls):
            kind = type(spec).__name__
            msg = f"this is a {kind}, no Datapath: see `bitpde datapath show smx8 --json`"
            raise DatapathError(msg)
        return spec

    def digest(self) -> str:
        """SHA-256 of everything but the name: equal digests, equal bits.

        What a machine does not have (units for functions, casts of differences, of what is kept
        or of single layers) leaves no trace, as in digests from before there was such a thing.
        """
        data = self.to_json()
        del data["name"]
        for name in ("functions", "difference", "master", "moments", "layers"):
            if not data[name]:
                del data[name]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _holds(vector: Minifloat, element: Fixed | Minifloat) -> bool:
    """Whether every finite value of a format is one of the vector unit's."""
    fixed = isinstance(element, Fixed)
    bits = element.bits - element.signed if fixed else element.significand_bits + 1
    return (
        bits <= vector.significand_bits + 1
        and element.lsb_min >= vector.lsb_min
        and element.emax <= vector.emax
    )
