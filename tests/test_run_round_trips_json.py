"""A run is a value: it survives JSON, equal runs have equal digests, and nonsense is refused."""

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.emu import PRESETS, DatapathError, preset
from bitpde.pde import (
    HJB,
    LBFGS,
    MLP,
    PROBLEMS,
    Activation,
    Adam,
    CentralDifferences,
    Constant,
    Differences,
    Exponential,
    ForwardLaplacian,
    HutchinsonTaylor,
    Linear,
    Poisson,
    PoissonModes,
    Problem,
    Run,
    RunError,
    Sampling,
    SteinGaussHermite,
    SteinMonteCarlo,
    SteinPlain,
    SteinSobol,
    SteinSparseGrid,
    engine_named,
    problem_named,
)

POSITIVE = st.floats(1e-6, 1e3) | st.integers(1, 1000)
FRACTIONS = st.floats(0, 0.999)
RATES = st.floats(1e-6, 1.0)
ENGINES = st.one_of(
    st.builds(SteinGaussHermite, sigma=POSITIVE, order=st.integers(3, 9)),
    st.builds(SteinSparseGrid, sigma=POSITIVE, level=st.integers(3, 9)),
    st.builds(SteinMonteCarlo, sigma=POSITIVE, pairs=st.integers(1, 4096)),
    st.builds(SteinSobol, sigma=POSITIVE, pairs=st.integers(1, 4096)),
    st.builds(SteinPlain, sigma=POSITIVE, samples=st.integers(1, 4096)),
    st.builds(CentralDifferences, step=POSITIVE),
    st.builds(HutchinsonTaylor, probes=st.integers(1, 4096)),
    st.builds(ForwardLaplacian),
)
SCHEDULES = st.one_of(
    st.builds(Linear, initial=RATES),
    st.builds(Constant, initial=RATES),
    st.builds(Exponential, initial=RATES, factor=RATES, every=st.integers(1, 9999)),
)
WIDTHS = st.lists(st.integers(1, 512), max_size=4).map(lambda hidden: (2, *hidden, 1))
RUNS = st.builds(
    Run,
    problem=st.sampled_from([Poisson(), PoissonModes(), PoissonModes(highest=2)]),
    datapath=st.sampled_from(list(PRESETS.values())),
    engine=ENGINES,
    network=st.builds(MLP, widths=WIDTHS, activation=st.sampled_from(Activation)),
    differences=st.sampled_from(Differences),
    sampling=st.sampled_from(Sampling),
    unbiased=st.booleans(),
    rows=st.integers(1, 2**30),
    steps=st.integers(1, 10**6),
    domain_points=st.integers(1, 10**4),
    condition_points=st.integers(1, 10**4),
    condition_weights=st.none() | st.tuples(st.floats(0, 1e6) | st.integers(0, 1000)),
    schedule=SCHEDULES,
    optimizer=st.builds(Adam, beta1=FRACTIONS, beta2=FRACTIONS, epsilon=FRACTIONS),
    refinement=st.none()
    | st.builds(
        LBFGS, rounds=st.integers(1, 9), iterations=st.integers(1, 999), gradient=FRACTIONS
    ),
    seed=st.integers(0, 2**64),
    test_points=st.integers(6, 10**5),
)
RUN = Run(problem=Poisson(), datapath=preset("smx8"))


@given(run=RUNS)
def test_a_run_survives_json(run: Run) -> None:
    again = Run.from_json(json.loads(json.dumps(run.to_json(), allow_nan=False)))
    assert again == run
    assert again.digest() == run.digest()
    assert hash(again) == hash(run)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=lambda problem: problem.name)
def test_every_problem_has_a_run_of_its_own(problem: Problem) -> None:
    run = Run(problem=problem, datapath=preset("smx8"), engine=ForwardLaplacian())
    assert run.network == problem.network
    assert run.network.widths == problem.widths
    assert run.weights == tuple(condition.weight for condition in problem.conditions)
    assert Run.from_json(json.loads(json.dumps(run.to_json()))) == run


def test_an_engine_with_too_many_rows_is_refused() -> None:
    with pytest.raises(RunError, match=r"SteinGaussHermite.* 1.0e\+10 rows .* 21 coordinates"):
        Run(problem=HJB(), datapath=preset("smx8"))


@given(first=RUNS, second=RUNS)
def test_digests_are_equal_when_runs_are(first: Run, second: Run) -> None:
    assert (first.digest() == second.digest()) == (first == second)


def test_a_whole_number_and_its_float_are_one_run() -> None:
    whole = dataclasses.replace(RUN, condition_weights=(300,), engine=SteinGaussHermite(sigma=1))
    real = dataclasses.replace(RUN, condition_weights=(300.0,), engine=SteinGaussHermite(sigma=1.0))
    assert whole.digest() == real.digest()


def test_a_change_of_any_field_changes_the_digest() -> None:
    changes: dict[str, Any] = {
        "datapath": preset("fp32"),
        "engine": SteinSparseGrid(),
        "differences": Differences.SEPARATE,
        "sampling": Sampling.SOBOL,
        "unbiased": True,
        "rows": 100,
        "network": MLP(widths=(2, 8, 1)),
        "steps": 601,
        "domain_points": 101,
        "condition_points": 101,
        "condition_weights": (1.0,),
        "schedule": Constant(),
        "optimizer": Adam(beta1=0.5),
        "refinement": LBFGS(),
        "seed": 1,
        "test_points": 100,
    }
    assert {*changes, "problem"} == {field.name for field in dataclasses.fields(Run)}
    digests = {dataclasses.replace(RUN, **{k: v}).digest() for k, v in changes.items()}
    assert len(digests | {RUN.digest()}) == len(changes) + 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0),
        ("steps", -5),
        ("steps", 2.0),
        ("steps", True),
        ("domain_points", 0),
        ("condition_points", -1),
        ("condition_weights", (-1.0,)),
        ("condition_weights", (math.nan,)),
        ("condition_weights", ("300",)),
        ("condition_weights", 300.0),
        ("condition_weights", (1.0, 2.0)),
        ("rows", 0),
        ("unbiased", 1),
        ("differences", "separate"),
        ("sampling", None),
        ("seed", -1),
        ("test_points", 5),
        ("problem", "poisson"),
        ("datapath", "smx8"),
        ("engine", None),
        ("network", MLP(widths=(3, 8, 1))),
        ("network", MLP(widths=(2, 8, 2))),
        ("schedule", 1e-3),
        ("optimizer", "adam"),
        ("refinement", Adam()),
    ],
)
def test_a_field_out_of_range_is_named_with_its_value(field: str, value: Any) -> None:
    with pytest.raises(RunError, match=rf"Run\.{field} .*: ") as caught:
        dataclasses.replace(RUN, **{field: value})
    shown = value.widths if isinstance(value, MLP) else value
    assert repr(shown) in str(caught.value)


@pytest.mark.parametrize("widths", [(2,), [2, 1], (2, 0, 1), (2, 1.5, 1), (2, True, 1), "2,1"])
def test_widths_without_a_meaning_are_refused(widths: Any) -> None:
    with pytest.raises(RunError, match=r"MLP\.widths"):
        MLP(widths=widths)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SteinMonteCarlo(pairs=0),
        lambda: SteinMonteCarlo(sigma=0.0),
        lambda: SteinSparseGrid(level=2),
        lambda: SteinGaussHermite(order=2),
        lambda: SteinGaussHermite(sigma=math.inf),
        lambda: engine_named("finite-differences", {}),
        lambda: engine_named("sparse-grid", {"pairs": 3}),
        lambda: engine_named("forward-laplacian", {"pairs": 3}),
        lambda: SteinPlain(samples=0),
        lambda: HutchinsonTaylor(probes=0),
        lambda: CentralDifferences(step=0.0),
        lambda: problem_named("laplace"),
    ],
)
def test_estimators_and_problems_that_cannot_be_are_refused(make: Any) -> None:
    with pytest.raises(RunError, match=": "):
        make()


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in RUN.to_json().items() if key != name}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "run",
        {},
        {**RUN.to_json(), "kind": "Walk"},
        {**RUN.to_json(), "colour": "red"},
        {**RUN.to_json(), "problem": {"kind": "Laplace"}},
        {**RUN.to_json(), "problem": "poisson"},
        {**RUN.to_json(), "engine": {"kind": "SteinMonteCarlo", "pears": 3}},
        {**RUN.to_json(), "network": {"kind": "MLP", "widths": 3}},
        {**RUN.to_json(), "network": {"kind": "MLP", "widths": [2, None, 1]}},
        {**RUN.to_json(), "datapath": "smx8"},
        _without("problem"),
        _without("datapath"),
    ],
)
def test_json_that_is_no_run_is_refused(data: Any) -> None:
    with pytest.raises(RunError):
        Run.from_json(data)


def test_json_of_a_datapath_that_cannot_be_is_refused() -> None:
    broken = {**RUN.to_json()["datapath"], "colour": "red"}
    with pytest.raises(DatapathError, match="colour"):
        Run.from_json({**RUN.to_json(), "datapath": broken})
