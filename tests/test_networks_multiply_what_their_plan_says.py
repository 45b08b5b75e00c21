"""Under a plan every product of a network is between integers of the plan's widths, and it learns.

A product may take: what `learned_quantize` wrote, moved but not changed; a constant, such as the
matrix of a transform; and, between the two products of a transform in a plane, what the first gave.
"""

from typing import Any

import numpy as np
import pytest

from bitpde.emu import Node, Tape, preset
from bitpde.pde import Adam, RunError
from bitpde.pde.operators import (
    FNO,
    OperatorNetwork,
    OperatorRun,
    Samples,
    Scaling,
    Transformer,
    UNet,
    calibrated,
    predict,
    training_step,
)
from bitpde.pde.operators.step import complex_partners
from bitpde.pde.qat import Plan, Quantizing, Watching

Array = np.ndarray[Any, Any]
SMALL: dict[str, OperatorNetwork] = {
    "fno": FNO(inputs=1, outputs=1, dimension=1, modes=(3,), width=4, blocks=2, hidden=5),
    "plane": FNO(inputs=1, outputs=1, dimension=2, modes=(2, 2), width=2, blocks=1, hidden=4),
    "unet": UNet(inputs=1, outputs=1, dimension=1, width=4, levels=1, groups=2),
    "galerkin": Transformer(inputs=1, outputs=1, dimension=1, width=4, blocks=1, heads=2),
    "softmax": Transformer(
        inputs=1, outputs=1, dimension=1, width=4, blocks=1, heads=2, attention="softmax"
    ),
}
MOVING = {"reshape", "transpose", "pad", "windows", "take", "join"}


def training(name: str, plan: Plan | None) -> tuple[OperatorRun, dict[str, Array], Samples]:
    """Return a run, its first parameters, and samples in its units."""
    network = SMALL[name]
    rng = np.random.default_rng(0)
    space = (8,) if network.dimension == 1 else (8, 8)
    x = rng.standard_normal((6, *space, 1))
    samples = Samples(inputs=x, targets=np.roll(x, 1, axis=1) + 0.5 * x)
    run = OperatorRun(network=network, scaling=Scaling.of(samples), data="none", plan=plan, batch=6)
    first = network.initialize(run.stream("initialization"), np.float32)
    return run, first, run.scaling.scaled(samples)


def sources(tape: Tape, node: Node) -> list[tuple[str, Any]]:
    """Return the operations that made the numbers of a node, looking through what only moves."""
    made = {entry.result.index: entry for entry in tape.entries}
    entry = made.get(node.index)
    if entry is None:
        return [("leaf", None)]
    if entry.op == "scale" and abs(entry.saved) == 1:
        return sources(tape, entry.parents[0])  # -1: integers have their negatives
    if entry.op in MOVING:
        return [each for parent in entry.parents for each in sources(tape, parent)]
    return [(entry.op, entry.saved)]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("scenario", ["w3a7", "w8a16"])
def test_no_product_escapes_its_plan(name: str, scenario: str) -> None:
    plan = Plan.named(scenario)
    run, first, samples = training(name, plan)
    quantization = calibrated(run, first, samples)
    tape = Tape(run.datapath)
    arrays = {**first, **quantization.arrays(np.float32)}
    nodes = {k: tape.parameter(a) for k, a in arrays.items()}
    run.network.apply(nodes, tape.constant(samples.inputs), quantization.numerics(nodes))
    widths = set()
    products = [entry for entry in tape.entries if entry.op in ("matmul", "batched_matmul")]
    for entry in products:
        for parent in entry.parents:
            for op, saved in sources(tape, parent):
                if op == "learned_quantize":
                    widths.add(saved[1].bits)
                else:
                    within = name == "plane" and op == "matmul"
                    assert op == "leaf" or within, (name, entry.op, op)
    assert widths == {plan.weight_bits, plan.activation_bits, 16}
    assert len(products) > 4


def test_the_operands_of_a_leaf_are_constants_and_never_parameters() -> None:
    # "leaf" above excuses the matrices of transforms; no learned array may pass as one.
    run, first, samples = training("unet", Plan.named("w4a4"))
    quantization = calibrated(run, first, samples)
    weights = {k for k in first if k.endswith(("weight", "real", "imaginary"))}
    assert weights <= set(quantization.quantizers)
    for name in ("fno", "galerkin"):
        run, first, samples = training(name, Plan.named("w4a4"))
        found = set(calibrated(run, first, samples).quantizers)
        assert {k for k in first if k.endswith(("weight", "real", "imaginary"))} <= found


def test_a_tensor_is_quantized_once_however_many_products_take_it() -> None:
    run, first, samples = training("fno", Plan.named("w4a4"))
    places = set(calibrated(run, first, samples).quantizers)
    assert "spectral1/input" in places
    assert "skip1/input" not in places


def test_activations_of_32_bits_are_not_quantized() -> None:
    run, first, samples = training("fno", Plan.named("w8a32"))
    places = calibrated(run, first, samples).quantizers
    assert {place.rpartition("/")[2] for place in places} == {"weight", "real", "imaginary"}


@pytest.mark.parametrize("name", SMALL)
def test_sixteen_bits_say_what_floats_say(name: str) -> None:
    run, first, samples = training(name, Plan.named("w16a16"))
    exact, _, _ = training(name, None)
    inputs = run.scaling.inputs.restored(samples.inputs)
    quantization = calibrated(run, first, samples)
    arrays = {**first, **quantization.arrays(np.float32)}
    found = predict(run, quantization, arrays, inputs)
    wanted = predict(exact, calibrated(exact, first, samples), first, inputs)
    # A step of 2^-15 of the range for each operand of some ten layers, and ranges may clip a share
    # that loses no more in the mean square: a hundred steps bound it, a wrong scale does not.
    assert np.abs(found - wanted).max() <= 100 * 2.0**-15 * np.abs(wanted).max() * 4


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("scenario", [None, "w4a4"])
def test_training_repeats_itself_and_lowers_the_loss(name: str, scenario: str | None) -> None:
    plan = None if scenario is None else Plan.named(scenario)
    finals: list[dict[str, Array]] = []
    losses: list[float] = []
    for _ in range(2):
        run, first, samples = training(name, plan)
        quantization = calibrated(run, first, samples)
        arrays = {**first, **quantization.arrays(np.float32)}
        state = run.optimizer.init(list(arrays.values()))
        losses.clear()
        for _ in range(5):
            arrays, state, loss, _ = training_step(run, quantization, arrays, state, samples, 1e-2)
            losses.append(loss)
        finals.append(arrays)
    assert losses[-1] < losses[0]
    assert all((finals[0][k] == finals[1][k]).all() for k in finals[0])
    if plan is not None:
        moved = [k for k in finals[0] if "#" in k and (finals[0][k] != 1).any()]
        assert len(moved) > 5


def test_watching_changes_nothing() -> None:
    run, first, samples = training("unet", Plan.named("w4a4"))
    results = []
    plain = Watching(plan=Plan.named("w4a4")), Quantizing(quantizers={}, parameters={})
    for numerics in (None, *plain):
        tape = Tape(run.datapath)
        nodes = {k: tape.constant(a) for k, a in first.items()}
        results.append(run.network.apply(nodes, tape.constant(samples.inputs), numerics).value)
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


def test_adam_does_not_see_the_phase_of_complex_numbers() -> None:
    # Turning parameters and gradients by a quarter exchanges the parts: exact in any format.
    adam, rng = Adam(), np.random.default_rng(1)
    parts, gradients = rng.standard_normal((2, 2, 5)), rng.standard_normal((3, 2, 5))
    partners = complex_partners(["a/real", "a/imaginary"])
    assert partners == {0: 1, 1: 0}

    def run(turned: bool) -> list[Array]:
        def turn(pair: Array) -> list[Array]:
            return [-pair[1], pair[0]] if turned else [pair[0], pair[1]]

        now = turn(parts[0])
        state = adam.init(now)
        for g in gradients:
            now, state = adam.update(now, turn(g), state, 0.1, partners)
        return now

    plain, quarter = run(False), run(True)
    # The two terms of a second moment are added in the other order: one rounding of each sum.
    assert np.allclose(-plain[1], quarter[0], rtol=0, atol=1e-14)
    assert np.allclose(plain[0], quarter[1], rtol=0, atol=1e-14)
    alone = adam.update([parts[0][0]], [gradients[0][0]], adam.init([parts[0][0]]), 0.1)[0]
    both = list(parts[0]), list(gradients[0]), adam.init(list(parts[0]))
    paired = adam.update(*both, 0.1, partners)
    assert (alone[0] != paired[0][0]).any()


def test_runs_are_values() -> None:
    run, _, _ = training("fno", Plan.named("w4a8"))
    again = OperatorRun.from_json(run.to_json())
    assert again == run
    assert again.digest() == run.digest()
    other = training("fno", Plan.named("w4a4"))[0]
    assert other.digest() != run.digest()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Plan.named("8a8"), "give bits of weights and activations"),
        (lambda: Plan.named("w8"), "give bits of weights and activations"),
        (lambda: Plan.named("w17a8"), "Plan.weight_bits is 17"),
        (lambda: Plan(weight_bits=8, activation_bits=8, learner="lsq"), "choose one of 'step'"),
    ],
)
def test_unlawful_plans_are_refused(call: Any, said: str) -> None:
    with pytest.raises(RunError, match=said):
        call()


def test_quantized_products_are_exact_in_float32() -> None:
    # Of a plan of 4 bits a product of a few terms is an integer below 2^24 times two steps: forward
    # values do not depend on the order of sums, which is what integer hardware needs.
    run, first, samples = training("unet", Plan.named("w4a4"))
    quantization = calibrated(run, first, samples)
    arrays = {**first, **quantization.arrays(np.float32)}
    tape = Tape(preset("exact"))
    nodes = {k: tape.parameter(a) for k, a in arrays.items()}
    run.network.apply(nodes, tape.constant(samples.inputs), quantization.numerics(nodes))
    for entry in tape.entries:
        if entry.op == "learned_quantize":
            quantizer, format, codes = entry.saved
            scale, zero = format.columns(codes.shape)
            ratio = entry.result.value / scale
            assert (ratio == np.rint(ratio)).all()
            assert (np.rint(ratio) + zero >= quantizer.codes[0]).all()
            assert (np.rint(ratio) + zero <= quantizer.codes[1]).all()
