"""What several tests of tensor-train layers share: layers to draw, and the definition of W.

W comes from one sum over all bonds, written from the definition, and so does what a gradient with
respect to W means for a core.
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.tt import TTForm, TTLayer, TTPlan

Array = NDArray[Any]
Normal = Callable[[tuple[int, ...], int], NDArray[np.float64]]


def plans_of(layer: TTLayer) -> list[TTLayer]:
    """Return the layer with every plan that it can have."""
    plans = [plan for plan in TTPlan if plan is not TTPlan.HALF_MERGED or layer.core_count > 1]
    return [replace(layer, plan=plan) for plan in plans]


@st.composite
def layers(draw: st.DrawFn, longest: int = 3, widest: int = 3) -> TTLayer:
    """Draw a layer of either form, with sides and ranks of at most ``widest``."""
    form = draw(st.sampled_from(TTForm))
    sides = st.integers(1, widest)
    inputs = draw(st.lists(sides, min_size=1, max_size=longest))
    fewest, most = (len(inputs), len(inputs)) if form is TTForm.TTM else (1, longest)
    outputs = draw(st.lists(sides, min_size=fewest, max_size=most))
    bonds = len(inputs) - 1 if form is TTForm.TTM else len(inputs) + len(outputs) - 1
    ranks = draw(st.lists(sides, min_size=bonds, max_size=bonds))
    return TTLayer(
        inputs=tuple(inputs), outputs=tuple(outputs), ranks=(1, *ranks, 1), form=form,
        plan=TTPlan.FULL,
    )  # fmt: skip


def normal_of(seed: int) -> Normal:
    """Return normal numbers for core k that depend on the seed and on k alone."""
    return lambda shape, k: np.random.default_rng((seed, k)).standard_normal(shape)


def integers(seed: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return integers from -3 to 3."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float64)


def subscripts(layer: TTLayer) -> tuple[list[str], str]:
    """Return the names of the axes of each core, and those of W, its sides split."""
    bonds = string.ascii_lowercase[: layer.core_count + 1]
    inputs = string.ascii_uppercase[: len(layer.inputs)]
    outputs = string.ascii_uppercase[-len(layer.outputs) :]
    pairs = [m + n for m, n in zip(inputs, outputs, strict=False)]
    middle = pairs if layer.form is TTForm.TTM else [*inputs, *outputs]
    return [bonds[k] + sides + bonds[k + 1] for k, sides in enumerate(middle)], inputs + outputs


def dense_of(layer: TTLayer, cores: Sequence[Array]) -> Array:
    """Return W as one sum over all bonds."""
    names, whole = subscripts(layer)
    tensor = np.einsum(f"{','.join(names)}->{whole}", *cores, optimize=True)
    return np.asarray(tensor).reshape(layer.shape)


def core_gradients(layer: TTLayer, cores: Sequence[Array], gradient: Array) -> list[Array]:
    """Return what the gradient with respect to W is with respect to each core."""
    names, whole = subscripts(layer)
    tensor = gradient.reshape(*layer.inputs, *layer.outputs)
    found = []
    for k, wanted in enumerate(names):
        # The ranks at both ends are 1, and no other core may name them.
        others = [(name, core) for j, (name, core) in enumerate(zip(names, cores, strict=True))
                  if j != k]  # fmt: skip
        ends = {wanted[0]: 1, wanted[-1]: 1}
        held = {letter for name, _ in others for letter in name}
        for letter in ends.keys() - held:
            others.append((letter, np.ones(1)))
        terms = ",".join([whole, *(name for name, _ in others)])
        arrays = [tensor, *(core for _, core in others)]
        found.append(np.asarray(np.einsum(f"{terms}->{wanted}", *arrays, optimize=True)))
    return found
