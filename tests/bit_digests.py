"""Digests of the bits that every lane computes over a small fixed suite; no test is in here.

Run as a script it writes ``{name: digest}`` as JSON, of all suites or of those it is given, so that
a process with other settings (no compilation, one thread) can be compared with this one name by
name.  To add a suite, write a function that yields ``(name, arrays)`` and list it in `SUITES`.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from format_cases import ALL, CONCRETE, CastsOf, all_casts, casts, edges, few_casts, random_for
from numpy.typing import NDArray

from bitpde.emu import PRESETS, ExactAccumulator, SequentialAccumulator, Tape, matmul, ops, preset
from bitpde.emu.functions import vector_unit
from bitpde.emu.tape import activation_functions
from bitpde.formats import FP32, FP64, Block, Cast, FormatError, Overflow

Bits = Iterator[tuple[str, Iterable[NDArray]]]


def words(shape: tuple[int, ...], seed: int) -> NDArray[np.uint64]:
    """Return fixed 64-bit words: splitmix64 of the index, the same on every machine."""
    with np.errstate(over="ignore"):
        z = (np.arange(np.prod(shape), dtype=np.uint64) + np.uint64(seed)) * np.uint64(
            0x9E3779B97F4A7C15
        )
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return (z ^ (z >> np.uint64(31))).reshape(shape)


def reals(shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    """Return fixed numbers of both signs, most of them within 2^-16 to 2^16."""
    z = words(shape, seed)
    mantissa = 1 + (z >> np.uint64(12)).astype(np.float64) / 2.0**52
    exponent = (z % np.uint64(33)).astype(np.int64) - 16
    return np.ldexp(np.where(z & np.uint64(64), -mantissa, mantissa), exponent)


def formats(casts_of: CastsOf = few_casts) -> Bits:
    """Encode and decode under casts of all kinds: all lanes, both float widths."""
    for name, format in ALL.items():
        x = np.concatenate([reals((14,), 1), edges(format)[::17]])
        if isinstance(format, Block):
            x = np.resize(x, (5, 6))
        for cast in casts_of(name):
            if cast.overflow is Overflow.RAISE:
                continue
            with np.errstate(over="ignore"):
                narrow = x.astype(np.float32)
            narrow = np.where(np.isfinite(narrow), narrow, np.float32(1.0))
            for y in (x, narrow):
                coded, counts = cast.encode_counted(y, random_for(cast, y.shape, 9))
                scales = np.zeros(0) if coded.scales is None else coded.scales
                yield f"{name} {cast.rounding} {cast.overflow} {y.dtype}", [
                    coded.codes, scales, coded.values(), np.array(counts),
                ]  # fmt: skip


def refusals() -> Bits:
    """Encode what some cast refuses, and keep what the error says."""
    for name, format in ALL.items():
        for cast in casts(format)[:4]:
            try:
                outcome = cast.encode([1.0, np.nan, 1e300]).codes
            except FormatError as error:
                outcome = np.frombuffer(str(error).encode(), np.uint8)
            yield f"{name} {cast.overflow} of NaN and 1e300", [outcome]


def products() -> Bits:
    """Multiply under every accumulator: each lane where there is compilation, its twin without."""
    pairs = {name: (format, format.T) for name, format in CONCRETE.items()}
    pairs |= {name: (ALL[name], ALL[name]) for name in ("INT8", "FP16", "FP32", "FP64")}
    pairs |= {"SMX_INT12 x FP16": (ALL["SMX_INT12"], ALL["FP16"])}
    for name, (left, right) in pairs.items():
        inner = 35 if isinstance(left, Block) and not left.square else 9
        a, b = Cast(format=left).encode(reals((7, inner), 2)), reals((inner, 3), 3)
        for kind in (SequentialAccumulator, ExactAccumulator):
            for format in (FP32, FP64):
                product = matmul(a, Cast(format=right).encode(b), kind(format=format))
                yield f"{name} {kind.__name__} {format.bits}", [product]


def vector_unit_functions() -> Bits:
    """Evaluate the functions of the vector unit."""
    for dtype in (np.float32, np.float64):
        x = np.concatenate([reals((90,), 4), [0.0, -0.0, 2.0**-149, 19.0, 25.0]]).astype(dtype)
        yield f"tanh {x.dtype}", [vector_unit.tanh(x), vector_unit.tanh(x / 64)]
        small = x[np.abs(x) < 2.0**20]  # others are not for kernels
        yield f"sine {x.dtype}", [vector_unit.sin(small), vector_unit.cos(small)]
        yield f"sums {x.dtype}", [
            vector_unit.ordered_sum(x.reshape(19, 5), 0), np.array(vector_unit.exact_sum(x * x)),
        ]  # fmt: skip


def gradients() -> Bits:
    """Run one step of a small network, and its gradients, on every machine."""
    for name in PRESETS:
        tape = Tape(preset(name))
        shapes = [(6, 5), (1, 5), (5, 2)]
        w1, bias, w2 = (tape.parameter(reals(s, 5) / 2**12) for s in shapes)
        x = tape.constant(reals((7, 6), 6) / 2**12)
        hidden = ops.tanh(ops.add(ops.matmul(x, w1), bias))
        outputs = ops.contract(ops.matmul(hidden, w2), reals((2, 1), 7))
        loss = ops.mean_square(ops.subtract(outputs, tape.constant(reals((7, 1), 8))))
        yield name, [loss.value, *tape.gradient(loss, [w1, bias, w2])]


def operator_networks() -> Bits:
    """Evaluate functions, and run a small layer of each operator network with its gradients."""
    for dtype in (np.float32, np.float64):
        x, g = ((reals((7, 6), seed) / 2**14).astype(dtype) for seed in (9, 10))
        y = activation_functions.softmax(x)
        yield dtype.__name__, [
            activation_functions.gelu(x), activation_functions.gelu_slope(x), y,
            activation_functions.sigmoid(x), activation_functions.softmax_adjoint(y, g),
        ]  # fmt: skip
    for name in ("fp32", "smx8"):
        tape = Tape(preset(name))
        shapes = [(2, 4, 6, 2), (3, 3, 2, 4), (4,), (4,), (8, 4, 3), (8, 4, 3), (3, 2, 2, 1)]
        leaves = [tape.parameter(reals(s, 11) / 2**15) for s in shapes]
        a, w, gain, bias, real, imaginary, up = leaves
        inner = ops.convolution(a, w, padding=1, boundary="periodic")
        inner = ops.gelu(ops.group_norm(inner, 2, gain, bias))
        inner = ops.layer_norm(inner, gain, bias)
        mixed = ops.spectral_convolution(inner, real, imaginary, (2, 2))
        pooled = ops.concatenate([ops.max_pool(mixed, 2), ops.mean_pool(mixed, 2)])
        out = ops.transposed_convolution(ops.take(ops.softmax(pooled), -1, 1, 4), up)
        yield name, [out.value, *tape.pullback(out, out.value, leaves)]


def formats_under_every_cast() -> Bits:
    """Do as `formats` under every lawful cast; minutes without compilation."""
    return formats(all_casts)


SUITES: list[Callable[[], Bits]] = [
    formats, refusals, products, vector_unit_functions, gradients, operator_networks
]  # fmt: skip


def digests(suites: list[Callable[[], Bits]] = SUITES) -> dict[str, str]:
    """Return the digest of shape, dtype and bytes of the arrays of each name."""
    found: dict[str, str] = {}
    for suite in suites:
        for name, arrays in suite():
            digest = hashlib.sha256()
            for array in arrays:
                digest.update(f"{array.dtype.str} {array.shape}\n".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
            found[f"{suite.__name__}: {name}"] = digest.hexdigest()[:16]
    return found


if __name__ == "__main__":
    json.dump(digests([globals()[name] for name in sys.argv[1:]] or SUITES), sys.stdout)
