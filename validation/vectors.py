"""Golden vectors: inputs and expected bits, so that another implementation can be held to ours.

Each vector is self-contained JSON.  An *encode* vector gives a cast, float32 inputs as 8-digit hex
of their bits, and the codes and scales they must give; a *matmul* vector gives a datapath with its
digest, two float32 operands, and the bits of the product of their codes.  The inputs mix ordinary
values with exact ties, powers of two and their neighbours, subnormals, zeros of both signs and the
largest float32.  ``SUITE`` changes whenever a bit does.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..emu import PRESETS, Datapath, Tape, ops
from ..formats import (
    CATALOGUE,
    FP64,
    SPEC_KINDS,
    Cast,
    Coded,
    Overflow,
    Rounding,
    ScaleRule,
    Scaling,
    spec_from_json,
    spec_to_json,
)

SUITE: Final = 1
GOLDEN: Final = Path(__file__).parent / "golden" / "vectors.json"

_SPECIAL: Final = (
    *(0.0, 0.5, 1.0, 1.25, 1.5, 2.5, 3.5, 6.0, 7.0, 127.5, 448.0, 464.0, 480.0),
    *(2.0**-6, 2.0**-9, 2.0**-10, 2.0**-16, 2.0**-126, 2.0**-127, 2.0**-149),
)
_SHAPE: Final = (8, 36)  # ragged for 1x32 tiles, whole for 4x4 ones

#: The roundings that came first, and the formats that came later.
_FIRST_ROUNDINGS: Final = (
    Rounding.NEAREST_AWAY, Rounding.TOWARD_ZERO, Rounding.DOWN, Rounding.UP, Rounding.TO_ODD,
)  # fmt: skip
_LATE_FORMATS: Final = (
    "UINT4", "UINT8", "UINT16", "IEEE_E4M3", "IEEE_E3M4", "FNUZ_E4M3", "FNUZ_E5M2",
    "FNUZ_E4M3_B11", "UE4M3", "BINARY8P3SE", "BINARY8P4SE", "BINARY4P2SF", "BINARY8P1UF",
    "SMX_E4M3", "SMX_E5M2", "SMX_E3M2", "SMX_E2M3", "SMX_E2M1", "NVFP4",
)  # fmt: skip

Vector = dict[str, Any]


class VectorError(ValueError):
    """A file that does not hold golden vectors of this suite."""


def to_hex(values: NDArray[np.float32]) -> list[list[str]]:
    """The bits of a float32 matrix, eight hexadecimal digits each."""
    return [[f"{int(word):08x}" for word in row] for row in values.view(np.uint32)]


def from_hex(rows: list[list[str]]) -> NDArray[np.float32]:
    """The float32 matrix `to_hex` wrote.

    Examples
    --------
    >>> from_hex([["3f800000", "80000000"]]).tolist()
    [[1.0, -0.0]]
    """
    return np.array([[int(word, 16) for word in row] for row in rows], np.uint32).view(np.float32)


def inputs(shape: tuple[int, int], key: int) -> NDArray[np.float32]:
    """Float32 test values, a function of the key alone: half of them special cases."""
    raw = np.random.Philox(key=key).random_raw(2 * shape[0] * shape[1]).astype(np.uint64)
    first, second = raw.reshape(2, *shape)
    sign = np.where(first & np.uint64(1), -1.0, 1.0)
    exponent = (first >> np.uint64(8)) % np.uint64(24)
    significand = 1.0 + (second >> np.uint64(41)) * 2.0**-23
    ordinary = np.ldexp(significand, exponent.astype(np.int64) - 16)
    ulp = np.spacing(np.float32(1.0))
    special = np.array([*_SPECIAL, 1.0 - ulp / 2, 1.0 + ulp])
    chosen = special[((second >> np.uint64(3)) % np.uint64(special.size)).astype(np.int64)]
    use_special = (first >> np.uint64(40)) % np.uint64(2) == 1
    return (sign * np.where(use_special, chosen, ordinary)).astype(np.float32)


def generate() -> Iterator[Vector]:
    """All vectors of the suite, computed now."""
    for index, (name, cast) in enumerate(_casts()):
        x = inputs(_SHAPE, index)
        if index % 4 == 0:
            x[-1, -1] = np.finfo(np.float32).max
        coded = cast.encode(x)
        yield {
            "vector": f"encode {name}",
            "cast": spec_to_json(cast),
            "inputs": to_hex(x),
            "codes": coded.codes.tolist(),
            "scales": None if coded.scales is None else coded.scales.tolist(),
            **_tensor_scale(coded),
        }
    for name, machine in PRESETS.items():
        if machine.vector != FP64:
            a, b = _operands(name)
            yield {
                "vector": f"matmul {name}",
                "datapath": machine.to_json(),
                "digest": machine.digest(),
                "a": to_hex(a),
                "b": to_hex(b),
                "product": to_hex(_product(machine, a, b)),
            }


def differences(vectors: Iterator[Vector] | list[Vector]) -> list[str]:
    """What this installation computes otherwise than the vectors say: one line each.

    Raises
    ------
    VectorError
        If a vector cannot be understood.
    """
    try:
        return [line for vector in vectors for line in _check(vector)]
    except (KeyError, TypeError, ValueError) as error:
        msg = f"a golden vector cannot be understood: {error!r}"
        raise VectorError(msg) from error


def load(path: Path = GOLDEN) -> list[Vector]:
    """The vectors of a file, by default the ones shipped.

    Raises
    ------
    VectorError
        If the file cannot be read or is no vector file of this suite.
    """
    try:
        data = json.loads(path.read_text())
        suite, vectors = data["suite"], data["vectors"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path} is no golden vector file: {error!r}"
        raise VectorError(msg) from error
    if suite != SUITE:
        msg = f"{path} holds suite {suite}, this is suite {SUITE}: use the file of this release"
        raise VectorError(msg)
    return list(vectors)


def write(path: Path = GOLDEN) -> int:
    """Write the suite as computed now; returns how many vectors."""
    vectors = list(generate())
    lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors)
    path.write_text(f'{{"suite":{SUITE},"vectors":[\n{lines}\n]}}\n')
    return len(vectors)


def _casts() -> Iterator[tuple[str, Cast]]:
    """Every catalogue format in its default cast, every rounding and every scale rule once.

    The inputs follow from the position, so that what is added goes to the end.
    """
    for name, format_ in CATALOGUE.items():
        if format_ != FP64 and name not in _LATE_FORMATS:
            yield name, Cast(format=format_)
    for rounding in _FIRST_ROUNDINGS:
        yield from _rounded(rounding)
    symmetric = Overflow.SATURATE_SYMMETRIC
    yield "SMX_INT8 symmetric", Cast(format=CATALOGUE["SMX_INT8"], overflow=symmetric)
    infinite = Overflow.INFINITY_OR_NAN
    yield "OFP8_E4M3 non-saturating", Cast(format=CATALOGUE["OFP8_E4M3"], overflow=infinite)
    for name in _LATE_FORMATS:
        scaling = Scaling(rule=ScaleRule.RANGE) if name == "NVFP4" else Scaling()
        yield name, Cast(format=CATALOGUE[name], scaling=scaling)
    for rounding in Rounding:
        late_rounding = rounding not in (Rounding.NEAREST_EVEN, *_FIRST_ROUNDINGS)
        if late_rounding and not rounding.is_stochastic:
            yield from _rounded(rounding)
    for rule in ScaleRule:
        if rule.gives_power_of_two and rule is not ScaleRule.FLOOR:
            for name in ("SMX_INT8", "MXFP8_E4M3", "MXFP4_E2M1"):
                cast = Cast(format=CATALOGUE[name], scaling=Scaling(rule=rule))
                yield f"{name} {rule.value}", cast


def _rounded(rounding: Rounding) -> Iterator[tuple[str, Cast]]:
    """One rounding in formats of four kinds."""
    for name in ("SMX_INT8", "MXFP8_E4M3", "OFP8_E5M2", "INT8"):
        yield f"{name} {rounding.value}", Cast(format=CATALOGUE[name], rounding=rounding)


def _operands(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    key = sum(name.encode())
    return inputs((6, 40), key), inputs((40, 5), key + 1)


def _tensor_scale(coded: Coded) -> dict[str, str]:
    """The binary32 of the whole tensor, in the formats that have one."""
    if coded.tensor_scale is None:
        return {}
    return {"tensor_scale": to_hex(np.array([[coded.tensor_scale]], np.float32))[0][0]}


def _product(machine: Datapath, a: NDArray[np.float32], b: NDArray[np.float32]) -> Any:
    tape = Tape(machine)
    return ops.matmul(tape.constant(a), tape.constant(b)).value


def _check(vector: Mapping[str, Any]) -> Iterator[str]:
    name = vector["vector"]
    if "cast" in vector:
        cast = spec_from_json(vector["cast"], SPEC_KINDS)
        coded: Coded = cast.encode(from_hex(vector["inputs"]))
        if coded.codes.tolist() != vector["codes"]:
            yield f"{name}: codes differ"
        if coded.scales is not None and coded.scales.tolist() != vector["scales"]:
            yield f"{name}: scales differ"
        if _tensor_scale(coded) != {key: vector[key] for key in vector if key == "tensor_scale"}:
            yield f"{name}: the scale of the tensor differs"
        return
    machine = Datapath.from_json(vector["datapath"])
    if machine.digest() != vector["digest"]:
        yield f"{name}: datapath digest is {machine.digest()}, the vector says {vector['digest']}"
    product = _product(machine, from_hex(vector["a"]), from_hex(vector["b"]))
    if to_hex(product) != vector["product"]:
        yield f"{name}: products differ"
