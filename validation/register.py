"""The register of disagreements: inputs on which implementations part, and what each makes of it.

A row holds one input, the codes and scales of our cast, the result of a named version of another
implementation, and the rule that decides.  ``register.json`` is data: nothing in it is computed by
the code that it is used to test.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .. import formats
from ..formats import Cast, Coded, FormatError, spec_from_json

REGISTER: Final = Path(__file__).parent / "register.json"

_KINDS: Final[dict[str, type]] = {
    name: kind
    for name, kind in vars(formats).items()
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__")
}


class RegisterError(ValueError):
    """A file that does not hold a register."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Codes and scales, or values, of one input; nothing where it was refused.

    Parameters
    ----------
    codes, scales
        Integers; ``nan`` stands for a code that is NaN, which has many.
    values
        The bits of binary64 in hexadecimal, from an implementation that shows no codes.
    refused
        Whether there was an error in place of a result.
    """

    codes: tuple[int | str, ...] = ()
    scales: tuple[int, ...] = ()
    values: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One disagreement.

    Parameters
    ----------
    id
        Its name, which begins with the number of the question.
    question
        What implementations answer differently.
    cast, input, bits, ours
        Our cast, the bits of its input (a row of float32 or float64 in hexadecimal), random bits if
        it takes any, and our result.
    peer, version, format, mode, theirs
        The other implementation, what of it is meant, and its result.
    agreeing
        A cast of ours that gives their result, or None where no rule does.
    decided_by, reference
        The rule that our result follows, and where to read of it or of theirs.
    """

    id: str
    question: str
    cast: Cast
    input: tuple[str, ...]
    bits: tuple[int, ...]
    ours: Result
    peer: str
    version: str
    format: str
    mode: str
    theirs: Result
    agreeing: Cast | None
    decided_by: str
    reference: str

    @property
    def x(self) -> NDArray[Any]:
        """The input: one row of a matrix for a block format, else a vector."""
        wide = len(self.input[0]) == 16
        words = [int(word, 16) for word in self.input]
        x = np.array(words, np.uint64 if wide else np.uint32)
        flat = x.view(np.float64 if wide else np.float32)
        return flat[None] if isinstance(self.cast.format, formats.Block) else flat

    @property
    def random(self) -> NDArray[np.int64] | None:
        """The random bits, in the shape of the input."""
        return np.array(self.bits).reshape(self.x.shape) if self.bits else None


def load_register(path: Path = REGISTER) -> dict[str, Row]:
    """The rows by their names, by default those shipped.

    Raises
    ------
    RegisterError
        If the file cannot be read or is no register.

    Examples
    --------
    >>> load_register()["D2-tile-log2"].peer
    'microxcaling'
    """
    try:
        rows = [_row(row) for row in json.loads(path.read_text())["rows"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        msg = f"{path} is no register of disagreements: {error!r}"
        raise RegisterError(msg) from error
    return {row.id: row for row in rows}


def recompute(row: Row, cast: Cast | None = None) -> Result:
    """What this installation makes of the row's input, by its cast or another one.

    Examples
    --------
    >>> row = load_register()["D2-tile-log2"]
    >>> recompute(row) == row.ours
    True
    """
    try:
        return result_of((cast or row.cast).encode(row.x, row.random))
    except FormatError:
        return Result(refused=True)


def result_of(coded: Coded) -> Result:
    """Codes and scales as a row holds them.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> result_of(Cast(format=OFP8_E4M3).encode([1.0, float("nan")]))
    Result(codes=(56, 'nan'), scales=(), values=(), refused=False)
    """
    nan = np.isnan(coded.values()).ravel()
    pairs = zip(coded.codes.ravel().tolist(), nan.tolist(), strict=True)
    codes = tuple("nan" if strange else code for code, strange in pairs)
    scales = () if coded.scales is None else tuple(coded.scales.ravel().tolist())
    return Result(codes=codes, scales=scales)


def _row(data: Mapping[str, Any]) -> Row:
    fields = dict(data)
    for name in ("cast", "agreeing"):
        fields[name] = None if data[name] is None else spec_from_json(data[name], _KINDS)
    for name in ("ours", "theirs"):
        fields[name] = _result(**data[name])
    return Row(**{**fields, "input": tuple(data["input"]), "bits": tuple(data["bits"])})


def _result(
    *,
    codes: Sequence[int | str] = (),
    scales: Sequence[int] = (),
    values: Sequence[str] = (),
    refused: bool = False,
) -> Result:
    return Result(codes=tuple(codes), scales=tuple(scales), values=tuple(values), refused=refused)
