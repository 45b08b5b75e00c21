"""A network of integers: steps in order, the arrays they use, and what goes in and comes out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import RequantizationRule
from ..errors import RunError
from .grids import Grid
from .lowering import Lowering
from .program import Program, sized
from .step import Integers, Setting, Step


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerNetwork:
    """A network that integer arithmetic alone evaluates.

    Parameters
    ----------
    rule
        How registers become codes.
    steps
        In order.
    arrays
        Weights, multipliers, tables, by ``tensor:name``.
    places
        The tensor that each quantizer of the plan makes, by its place in the network.
    input, output
        What goes in and what comes out.
    shape
        Of the input; a negative side is so many times the batch.
    result
        The tensor that comes out.
    """

    rule: RequantizationRule
    steps: tuple[Step, ...]
    arrays: Mapping[str, NDArray[Any]]
    places: Mapping[str, str]
    input: Grid
    output: Grid
    shape: tuple[int, ...]
    result: str

    def run(
        self,
        codes: Integers,
        *,
        replaced: Mapping[str, Integers] | None = None,
        every: bool = False,
    ) -> dict[str, Integers]:
        """Return the codes that come out, as ``"output"``.

        Parameters
        ----------
        codes
            Integers of `input`, (B, *space, C).
        replaced
            Codes of quantizers by place, put in the place of those that were computed: for looking
            at one layer alone.
        every
            Whether to return also what each quantizer made, by place, before it was replaced.

        Raises
        ------
        RunError
            If the codes are no integers of the input's grid, or have another shape.
        """
        x = self._checked(codes)
        setting = Setting(arrays=self.arrays, rule=self.rule, batch=len(x))
        tensors: dict[str, Integers] = {"input": x}
        put = {self.places[place]: each for place, each in (replaced or {}).items()}
        last = {source: k for k, step in enumerate(self.steps) for source in step.sources}
        found: dict[str, Integers] = {}
        wanted = set(self.places.values()) if every else set()
        for k, step in enumerate(self.steps):
            made = step.run([tensors[name] for name in step.sources], setting)
            if step.target in wanted:
                found[step.target] = made
            tensors[step.target] = put.get(step.target, made)
            for name in set(step.sources):
                if last[name] == k and name != self.result:
                    del tensors[name]
        by_place = {place: found.get(name, x) for place, name in self.places.items() if every}
        return {**by_place, "output": tensors[self.result]}

    def predict(self, fields: NDArray[Any]) -> NDArray[np.float64]:
        """Return what the network makes of fields in its units: encode, run, decode."""
        return self.output.decode(self.run(self.input.encode(fields))["output"])

    def _checked(self, codes: Integers) -> Integers:
        x = np.asarray(codes)
        if x.dtype.kind not in "iu" or x.shape != sized(self.shape, len(x) if x.ndim else 1):
            msg = f"codes of {x.dtype} and shape {x.shape}: give integers of shape (B, "
            raise RunError(msg + ", ".join(map(str, self.shape[1:])) + ")")
        if x.size and not (self.input.lowest <= x.min() and x.max() <= self.input.highest):
            msg = (
                f"codes run from {x.min()} to {x.max()}: give integers from {self.input.lowest} to "
            )
            raise RunError(msg + str(self.input.highest))
        return x.astype(self.input.dtype)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the arrays as plain data."""
        return {
            "rule": self.rule.value,
            "steps": [step.to_json() for step in self.steps],
            "places": dict(self.places),
            "input": self.input.to_json(),
            "output": self.output.to_json(),
            "shape": list(self.shape),
            "result": self.result,
        }

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of all of it: equal digests, equal bits."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        digest = hashlib.sha256(text.encode())
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name])
            digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()


def lowered(program: Program, rule: RequantizationRule) -> IntegerNetwork:
    """Return the network of integers that a program is.

    Raises
    ------
    RunError
        If a register could wrap, or something has no integer form.
    """
    lowering = Lowering(program)
    for each in program.operations:  # in order, so that no question goes deep
        if each.place and each.result not in program.constants:
            lowering.codes(each.result, each.about)
    output = program.grids[program.output, -1]
    result = lowering.codes(program.output, output)
    return IntegerNetwork(
        rule=rule, steps=tuple(lowering.steps), arrays=lowering.arrays, places=lowering.places,
        input=program.grids[program.input, -1], output=output, shape=program.shapes[program.input],
        result=result,
    )  # fmt: skip
