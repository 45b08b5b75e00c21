"""Training is its steps: batches of an epoch, rates of the schedule, ranges of what was shown."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from operator_runs import NETWORK, TRAIN, VALIDATION, tiny, waves

from bitpde.emu import preset
from bitpde.formats import BF16, Cast
from bitpde.pde import Adam, Constant, Linear, RunError, Stream, TrainingError
from bitpde.pde.operators import (
    FNO,
    LOSSES,
    OperatorMetrics,
    OperatorRun,
    Samples,
    Scaling,
    Transformer,
    calibrated,
    load_operator,
    parameters_digest,
    predict,
    relative_l2,
    samples_digest,
    train_operator,
    training_step,
)
from bitpde.pde.qat import Plan, Ranges
from bitpde.pde.updates import updated

Arrays = dict[str, np.ndarray[Any, Any]]


def same(found: Arrays, want: Arrays) -> bool:
    return list(found) == list(want) and all(
        a.tobytes() == b.tobytes() for a, b in zip(found.values(), want.values(), strict=True)
    )


def batches_of(run: OperatorRun, samples: Samples) -> list[Samples]:
    """All batches in order, by the definition: an epoch is a permutation, cut in parts."""
    found = []
    for epoch in range(run.epochs):
        words = Stream(seed=run.seed, name="batches").raw(len(samples), epoch)
        order = np.argsort(words, kind="stable")
        for start in range(0, len(samples), run.batch):
            found.append(samples.take(order[start : start + run.batch]))
    return found


@pytest.mark.parametrize("plan", [None, "w4a8"])
@pytest.mark.parametrize("loss", LOSSES)
def test_training_takes_one_step_after_another(plan: str | None, loss: str) -> None:
    run = tiny(plan, loss=loss, seed=3)
    seen = run.scaling.scaled(TRAIN)  # the whole set at once: the same numbers as batch by batch
    arrays = run.network.initialize(run.stream("initialization"), np.float32)
    shown = seen.batch(run.stream("calibration"), 0, run.calibration)
    quantization = calibrated(run, arrays, shown)
    arrays |= quantization.arrays(np.float32)
    state, losses = run.optimizer.init(list(arrays.values())), []
    for k, batch in enumerate(batches_of(run, seen)):
        arrays, state, found, _ = training_step(
            run, quantization, arrays, state, batch, 1e-2 * (1 - k / 9)
        )
        losses.append(found)
    outcome = train_operator(run, TRAIN, None)
    assert same(outcome.arrays, arrays)
    assert [row.loss for row in outcome.history] == losses
    assert [row.learning_rate for row in outcome.history] == [1e-2 * (1 - k / 9) for k in range(9)]


def test_every_epoch_ends_with_the_error_of_its_network_on_the_validation_samples() -> None:
    run = tiny("w4a8")
    told = train_operator(run, TRAIN, None, validation=VALIDATION).history
    assert [row.step for row in told if row.validation is not None] == [2, 5, 8]
    constant = Constant(initial=1e-2)  # so that fewer epochs are a part of more
    whole = train_operator(replace(run, schedule=constant), TRAIN, None, validation=VALIDATION)
    for epochs in (1, 2):
        part = train_operator(replace(run, schedule=constant, epochs=epochs), TRAIN, None)
        errors = relative_l2(part.predict(VALIDATION.inputs, rows=2), VALIDATION.targets)
        assert whole.history[3 * epochs - 1].validation == errors.mean()


@pytest.mark.parametrize("plan", ["w4a8", "w8a32", "w2a16"])
def test_no_epochs_are_quantization_after_training(plan: str, tmp_path: Path) -> None:
    first = train_operator(tiny(), TRAIN, None)
    run = first.continued(Plan.named(plan), epochs=0, schedule=Linear())
    found = train_operator(run, TRAIN, tmp_path / "run", start=first.parameters)
    assert found.history == ()
    assert (tmp_path / "run" / "metrics.csv").read_text() == OperatorMetrics.header()
    assert same(load_operator(tmp_path / "run").arrays, found.arrays)
    assert same(found.parameters, first.parameters)
    shown = TRAIN.batch(run.stream("calibration"), 0, run.calibration)
    quantization = calibrated(run, first.parameters, run.scaling.scaled(shown))
    arrays = {**first.parameters, **quantization.arrays(np.float32)}
    assert same(found.arrays, arrays)
    want = predict(run, quantization, arrays, VALIDATION.inputs)
    assert (found.predict(VALIDATION.inputs) == want).all()


def test_training_goes_on_from_the_parameters_that_are_given() -> None:
    first = train_operator(tiny(), TRAIN, None)
    rate = Constant(initial=1e-6)
    run = first.continued(None, epochs=1, schedule=rate)
    found = train_operator(run, TRAIN, None, start=first.parameters)
    for name, array in first.parameters.items():
        # Adam's steps are at most the rate in the first three steps but for a factor below 4.
        assert 0 < np.abs(found.parameters[name] - array).max() < 3 * 4e-6
    turned = dict(reversed(first.parameters.items()))
    again = train_operator(run, TRAIN, None, start=turned)
    assert same(again.parameters, found.parameters)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda given: {**given, "lift/bias": given["lift/bias"] + 1},
            "begins with the parameters",
        ),
        (lambda given: {**given, "lift/bias": given["lift/bias"][:-1]}, "are not the network's"),
        (lambda given: {k: v for k, v in given.items() if k != "lift/bias"}, "'lift/bias'"),
        (lambda given: {**given, "more": np.zeros(1)}, "'more'"),
    ],
)
def test_other_parameters_are_refused(change: Any, said: str) -> None:
    first = train_operator(tiny(epochs=1), TRAIN, None)
    run = first.continued(None, epochs=1, schedule=Linear())
    with pytest.raises(RunError, match=said):
        train_operator(run, TRAIN, None, start=change(first.parameters))


def test_ranges_are_those_of_the_calibration_samples_however_they_are_cut() -> None:
    # Extremes of all are the extremes of the extremes of parts; of fewer samples they are others.
    ranges = Ranges(rule="minmax")
    plan = replace(Plan.named("w8a8"), weight_ranges=ranges, activation_ranges=ranges)
    run = replace(tiny(), plan=plan)
    arrays = run.network.initialize(run.stream("initialization"), np.float32)
    seen = run.scaling.scaled(TRAIN)
    whole = calibrated(run, arrays, seen, rows=100).arrays(np.float64)
    first = calibrated(run, arrays, seen, rows=100).first
    parts = calibrated(run, arrays, seen, rows=3)
    assert same(parts.arrays(np.float64), whole)
    fewer = train_operator(replace(run, calibration=2, epochs=0), TRAIN, None).quantization
    assert any(not np.array_equal(fewer.first[k][0], first[k][0]) for k in first)


def test_master_weights_and_moments_are_kept_in_their_formats() -> None:
    cast = Cast(format=BF16)
    datapath = replace(preset("fp32"), name="narrow", master=cast, moments=cast)
    state = train_operator(tiny("w8a8", datapath=datapath), TRAIN, None).state
    for array in (*state.parameters, *state.optimizer.first, *state.optimizer.second):
        assert (cast.quantize(array) == array).all()


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (1e39, "lift/weight is not finite at step 0"),
        (1e30, "(loss|gradient of .*) is not finite at step 1"),
    ],
)
def test_a_number_that_is_not_finite_stops_the_training(rate: float, said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        train_operator(tiny(schedule=Constant(initial=rate)), TRAIN, None)


def test_a_moment_that_is_not_finite_is_named() -> None:
    # The square of 1e30 is beyond binary32; the parameter, moved by 0, is not.
    run, array = tiny(), np.zeros(3, np.float32)
    state, gradient = run.optimizer.init([array]), np.full(3, 1e30, np.float32)
    with pytest.raises(TrainingError, match="the second moment of the a is not finite at step 0"):
        updated(run, ["a"], [array], [gradient], state, 1e-3)


def test_the_digest_of_samples_sees_every_number_and_shape() -> None:
    found = {samples_digest(TRAIN)}
    for name in ("inputs", "targets"):
        array = getattr(TRAIN, name).copy()
        array[-1, -1, 0] = np.nextafter(array[-1, -1, 0], 9)
        found.add(samples_digest(replace(TRAIN, **{name: array})))
        found.add(samples_digest(replace(TRAIN, **{name: getattr(TRAIN, name).astype(np.float32)})))
    found.add(samples_digest(Samples(inputs=TRAIN.targets, targets=TRAIN.inputs)))
    wide = {name: getattr(TRAIN, name).reshape(5, 16, 1) for name in ("inputs", "targets")}
    found.add(samples_digest(Samples(**wide)))
    assert len(found) == 7
    turned = {n: np.asfortranarray(getattr(TRAIN, n)) for n in ("inputs", "targets")}
    assert samples_digest(Samples(**turned)) == samples_digest(TRAIN)


def test_a_change_of_any_field_changes_the_digest_of_a_run() -> None:
    run = tiny()
    changes: dict[str, Any] = {
        "network": FNO(inputs=1, outputs=1, dimension=1, modes=(3,), width=4, blocks=1, hidden=4),
        "scaling": Scaling.of(VALIDATION),
        "data": samples_digest(VALIDATION),
        "datapath": preset("smx8"),
        "plan": Plan.named("w4a8"),
        "start": "0" * 64,
        "calibration": 7,
        "epochs": 4,
        "batch": 5,
        "schedule": Constant(),
        "optimizer": Adam(beta1=0.5),
        "loss": "mse",
        "seed": 1,
    }
    assert set(changes) == {field.name for field in fields(OperatorRun)}
    runs = [run, *(replace(run, **{name: value}) for name, value in changes.items())]
    assert len({each.digest() for each in runs}) == len(runs)
    for each in runs:
        assert OperatorRun.from_json(each.to_json()) == each


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network", "fno"),
        ("plan", "w8a8"),
        ("start", "abc"),
        ("start", 7),
        ("calibration", 0),
        ("epochs", -1),
        ("batch", 0),
        ("seed", -1),
        ("loss", "l1"),
    ],
)
def test_a_field_out_of_range_is_named(field: str, value: Any) -> None:
    with pytest.raises(RunError, match=rf"OperatorRun\.{field} is {value!r}: "):
        replace(tiny(), **{field: value})


def test_parameters_have_the_digest_of_their_bits() -> None:
    arrays = train_operator(tiny(epochs=0), TRAIN, None).parameters
    found = {parameters_digest(arrays), parameters_digest(dict(reversed(arrays.items())))}
    assert len(found) == 1
    arrays["lift/bias"] = np.nextafter(arrays["lift/bias"], np.float32(9))
    assert parameters_digest(arrays) not in found


@pytest.mark.parametrize("network", [NETWORK, Transformer(
    inputs=1, outputs=1, dimension=1, width=4, blocks=1, heads=2
)])  # fmt: skip
def test_a_set_of_one_sample_trains(network: Any) -> None:
    one = waves(1)
    run = OperatorRun.on(one, network=network, plan=Plan.named("w8a8"), epochs=2, batch=16)
    assert len(train_operator(run, one, None, validation=one).history) == 2
