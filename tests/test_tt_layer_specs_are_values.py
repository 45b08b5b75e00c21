"""The specification of a layer is a value, and what is no layer is refused in one line."""

import json
from typing import Any

import pytest
from hypothesis import given
from tt_cases import layers, plans_of

from bitpde.tt import TensorTrainError, TTForm, TTLayer, TTPlan, TTStart

LAYER = TTLayer(inputs=(4, 4), outputs=(8, 2), ranks=(1, 2, 3, 2, 1))
NAMES = {"TTLayer": TTLayer, "TTForm": TTForm, "TTPlan": TTPlan, "TTStart": TTStart}


@given(layer=layers())
def test_json_and_repr_give_it_back(layer: TTLayer) -> None:
    for each in plans_of(layer):
        assert TTLayer.from_json(json.loads(json.dumps(each.to_json()))) == each
        assert eval(repr(each), dict(NAMES)) == each
        assert hash(eval(repr(each), dict(NAMES))) == hash(each)


def test_json_says_what_it_is() -> None:
    assert LAYER.to_json() == {
        "kind": "TTLayer", "inputs": [4, 4], "outputs": [8, 2], "ranks": [1, 2, 3, 2, 1],
        "form": "tt", "plan": "half_merged",
    }  # fmt: skip


@given(layer=layers())
def test_shapes_of_cores_form_a_chain(layer: TTLayer) -> None:
    shapes = layer.core_shapes
    assert len(shapes) == layer.core_count == len(layer.ranks) - 1
    assert (*(shape[0] for shape in shapes), 1) == layer.ranks
    assert (1, *(shape[-1] for shape in shapes)) == layer.ranks
    middles = [side for shape in shapes for side in shape[1:-1]]
    if layer.form is TTForm.TT:
        assert middles == [*layer.inputs, *layer.outputs]
    else:
        assert (tuple(middles[::2]), tuple(middles[1::2])) == (layer.inputs, layer.outputs)


def test_a_published_layer_has_its_published_number_of_parameters() -> None:
    # The network of the 20-dimensional HJB equation, 21-512-512-1, with tensor-train matrices of
    # ranks 1, 2, 2, 2, 1 and the last layer dense, has 1929 parameters, biases included.
    sides = [((1, 1, 3, 7), (8, 4, 4, 4)), ((4, 4, 4, 8), (8, 4, 4, 4))]
    hidden = [TTLayer(inputs=m, outputs=n, ranks=(1, 2, 2, 2, 1), form=TTForm.TTM)
              for m, n in sides]  # fmt: skip
    assert hidden[0].shape == (21, 512)
    assert hidden[1].shape == (512, 512)
    assert sum(layer.parameter_count + 512 for layer in hidden) + 512 + 1 == 1929


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"inputs": ()}, "inputs of a TTLayer are"),
        ({"inputs": [4, 4]}, "give a tuple of positive integers"),
        ({"outputs": (8, 0)}, "outputs of a TTLayer are"),
        ({"outputs": (8, 2.0)}, "outputs of a TTLayer are"),
        ({"ranks": (1, True, 3, 2, 1)}, "ranks of a TTLayer are"),
        ({"ranks": (1, 2, 3, 1)}, "the ranks of 4 cores are"),
        ({"ranks": (2, 2, 3, 2, 1)}, "the first and the last 1"),
        ({"ranks": (1, 2, 3, 2, 2)}, "the first and the last 1"),
        ({"form": "tt"}, "give a TTForm and a TTPlan"),
        ({"plan": TTForm.TT}, "give a TTForm and a TTPlan"),
        ({"form": TTForm.TTM, "inputs": (4,)}, "share no cores"),
        ({"form": TTForm.TTM, "inputs": (4,), "outputs": (4,), "ranks": (1, 1)}, "no halves"),
    ],
)
def test_what_is_no_layer_is_refused(changed: Any, words: str) -> None:
    lawful = {"inputs": (4, 4), "outputs": (8, 2), "ranks": (1, 2, 3, 2, 1)}
    with pytest.raises(TensorTrainError, match=words) as caught:
        TTLayer(**{**lawful, **changed})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({**LAYER.to_json(), "kind": "MLP"}, "kind is 'MLP'"),
        ({**LAYER.to_json(), "plan": "half"}, "plan of TTLayer is 'half'"),
        ({**LAYER.to_json(), "bias": True}, r"unknown or missing fields \['bias'\]"),
        ({"kind": "TTLayer"}, "unknown or missing fields"),
        ({**LAYER.to_json(), "ranks": [1]}, "the ranks of 4 cores are"),
        ([1, 2], "is no TTLayer"),
        (None, "is no TTLayer"),
    ],
)
def test_what_is_no_json_of_a_layer_is_refused(data: Any, words: str) -> None:
    with pytest.raises(TensorTrainError, match=words):
        TTLayer.from_json(data)
