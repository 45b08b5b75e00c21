"""Quantizing into an array writes there what a new one would hold, the input itself included."""

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray

from bitpde.formats import (
    CATALOGUE,
    Affine,
    Cast,
    FormatError,
    Overflow,
    RandomBits,
    Rounding,
)

AFFINE = Affine(element=CATALOGUE["INT8"], scale=(0.5,), zero_point=(3,))  # type: ignore[arg-type]
NAMES = ("INT8", "OFP8_E5M2", "FP32", "MXFP8_E4M3", "SMX_INT8")
CASTS = {n: Cast(format=CATALOGUE[n]) for n in NAMES} | {"Affine": Cast(format=AFFINE)}


def numbers(dtype: DTypeLike) -> NDArray[np.floating]:
    x = np.random.default_rng(4).standard_normal((36, 64)).astype(dtype)
    x[::7, 3] *= 50
    return x


def same_bits(one: NDArray[np.floating], other: NDArray[np.floating]) -> bool:
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", CASTS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_array_holds_what_a_new_one_would(name: str, dtype: type) -> None:
    x = numbers(dtype)
    expected = CASTS[name].quantize(x)
    wide = np.full((72, 128), 7, expected.dtype)
    places = [np.empty_like(expected), np.empty(x.shape[::-1], expected.dtype).T, wide[::2, 1::2]]
    for out in places:
        assert CASTS[name].quantize(x, out=out) is out
        assert same_bits(np.ascontiguousarray(out), expected)
    assert (wide[1::2] == 7).all()
    assert (wide[:, ::2] == 7).all()


@pytest.mark.parametrize("name", CASTS)
@pytest.mark.parametrize("strange", [1.0, 1e-40, 3e38])
def test_the_array_may_be_the_input(name: str, strange: float) -> None:
    x = numbers(np.float32)
    x[35, 60] = strange  # in the last tile: what comes before it has been written by then
    cast = CASTS[name]
    expected = cast.encode(x).values().astype(np.float32)
    shifted = np.empty(x.size + 1, np.float32)[1:].reshape(x.shape)
    shifted[:] = x
    for both in (x, shifted):
        assert cast.quantize(both, out=both) is both
        assert same_bits(both, expected)


def test_the_array_may_overlap_the_input() -> None:
    store = np.random.default_rng(0).standard_normal(8 * 32 + 40).astype(np.float32)
    x, out = store[40:].reshape(8, 32), store[:-40].reshape(8, 32)
    expected = CASTS["MXFP8_E4M3"].quantize(x.copy())
    assert same_bits(CASTS["MXFP8_E4M3"].quantize(x, out=out), expected)


def test_random_bits_are_those_of_a_new_array() -> None:
    cast = Cast(format=CATALOGUE["SMX_INT8"], rounding=Rounding.STOCHASTIC, random_bits=8)
    x = numbers(np.float32)
    expected = cast.quantize(x, rng=RandomBits(seed=3))
    assert same_bits(cast.quantize(x, rng=RandomBits(seed=3), out=x), expected)


def read_only() -> NDArray[np.float32]:
    array = np.zeros((2, 4), np.float32)
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    ("out", "said"),
    [
        (np.zeros((2, 4)), "float64 of shape"),
        (np.zeros((4, 2), np.float32), "shape (4, 2)"),
        ([0.0] * 8, "list"),
        (read_only(), "read-only"),
    ],
)
def test_other_arrays_are_refused(out: object, said: str) -> None:
    x = np.ones((2, 4), np.float32)
    with pytest.raises(FormatError) as error:
        Cast(format=CATALOGUE["INT8"]).quantize(x, out=out)  # type: ignore[arg-type]
    assert said in str(error.value)


def test_a_refused_value_is_named_as_without_the_array() -> None:
    cast = Cast(format=CATALOGUE["INT8"], overflow=Overflow.RAISE)
    x = np.array([1.0, 1000.0], np.float32)
    with pytest.raises(FormatError) as plain:
        cast.quantize(x)
    with pytest.raises(FormatError) as into:
        cast.quantize(x, out=x)
    assert str(plain.value) == str(into.value)
