"""The training loop of networks between fields: epochs of batches, resumed bit for bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..checkpoint import State
from ..errors import RunError
from ..files import write_json
from ..loop import StepFiles, take_steps, timed
from ..run_folder import claim_folder
from ..spec import require_integer
from .metrics import relative_l2
from .outcome import SUMMARY, OperatorMetrics, OperatorOutcome, named
from .quantization import Arrays, Quantization
from .run import OperatorRun
from .samples import Samples, samples_digest
from .start import first_parameters, first_quantization, first_state
from .step import training_step

#: Called with the row of each step.
OnOperatorStep = Callable[[OperatorMetrics], None]


def train_operator(
    run: OperatorRun,
    train: Samples,
    folder: Path | None,
    *,
    validation: Samples | None = None,
    start: Arrays | None = None,
    on_step: OnOperatorStep | None = None,
    resume: bool = False,
    checkpoint_every: int = 100,
) -> OperatorOutcome:
    """Train ``run`` to its last step, keeping ``folder`` resumable at every moment.

    The folder holds ``config.json``, ``quantizers.npz`` (the first ranges), ``calibration.npz``
    (the fields that showed them, of a run with a plan), ``metrics.csv`` (a row per step), the
    checkpoints and, in the end, ``summary.json``.  The state after k steps is a
    function of ``run`` and k alone.

    Parameters
    ----------
    run
        What to train.  A run of no epochs only finds the ranges of its quantizers: post-training
        quantization.
    train
        The samples whose `samples_digest` the run names, in their own units.  A step scales those
        of its batch; nothing else is copied.
    folder
        A folder that does not exist or is empty; with ``resume``, one this run was trained in.
        None: nothing is kept.
    validation
        Samples whose error is measured after every epoch.  It changes no bit of the parameters.
    start
        The network's parameters to begin with, where the run names some.
    on_step
        Called with the row of each step after it is written.
    resume
        Go on from the checkpoint of ``folder``; a finished run is returned as it is.
    checkpoint_every
        Steps between checkpoints.  One is also written at the start, at the end, and when anything
        interrupts the steps.

    Raises
    ------
    RunError
        When ``folder`` is in use or belongs to another run, or when samples or parameters are not
        those of the run.
    CheckpointError
        When the checkpoint cannot be used; nothing is then changed.
    TrainingError
        When a number is not finite, or the datapath refuses one; the checkpoint is then of the last
        finite state.
    KeyboardInterrupt
        Passed on, after a checkpoint of the last finished step.

    Examples
    --------
    >>> import numpy as np
    >>> from bitpde.pde.operators import FNO
    >>> waves = np.sin(2 * np.pi * (np.arange(8) + np.arange(6)[:, None]) / 8)[..., None]
    >>> train = Samples(inputs=waves, targets=2 * waves)
    >>> network = FNO(inputs=1, outputs=1, dimension=1, modes=(2,), width=4, blocks=1, hidden=4)
    >>> run = OperatorRun.on(train, network=network, epochs=2, batch=4)
    >>> outcome = train_operator(run, train, None, validation=train)
    >>> [row.validation is None for row in outcome.history]
    [True, False, True, False]
    """
    require_integer("checkpoint_every", checkpoint_every, least=1)
    _require_same_samples(run, train)
    parameters = first_parameters(run, start)
    files = None
    if folder is not None:
        told = None if validation is None else samples_digest(validation)
        config = {"run": run.to_json(), "validation": told}
        claim_folder(folder, config, resume=resume)
        files = StepFiles(
            folder=folder, digest=run.digest(), dtype=run.datapath.dtype, kind=OperatorMetrics
        )
    quantization = first_quantization(run, parameters, train, folder)
    kept = None if files is None else files.kept()
    state, history = kept or (first_state(run, parameters, quantization), ())
    state, history = take_steps(
        state,
        history,
        run.epochs * train.steps_per_epoch(run.batch),
        lambda state: _step(run, quantization, train, validation, state),
        files=files,
        on_step=on_step,
        checkpoint_every=checkpoint_every,
    )
    outcome = OperatorOutcome(run=run, quantization=quantization, state=state, history=history)
    if folder is not None:
        write_json(folder / SUMMARY, outcome.to_json())
    return outcome


def _step(
    run: OperatorRun,
    quantization: Quantization,
    train: Samples,
    validation: Samples | None,
    state: State,
) -> tuple[State, OperatorMetrics]:
    """Take one step, timed; after the last of an epoch, measure the validation samples."""
    after, row = timed(lambda: _trained(run, quantization, train, state))
    if validation is None or after.step % train.steps_per_epoch(run.batch):
        return after, row
    found = OperatorOutcome(run=run, quantization=quantization, state=after, history=())
    errors = relative_l2(found.predict(validation.inputs), validation.targets)
    return after, replace(row, validation=float(errors.mean()))


def _trained(
    run: OperatorRun, quantization: Quantization, train: Samples, state: State
) -> tuple[State, OperatorMetrics]:
    """Return the state after one more step, and its row."""
    steps = run.epochs * train.steps_per_epoch(run.batch)
    rate = run.schedule.rate(state.step, steps)
    batch = run.scaling.scaled(train.batch(run.stream("batches"), state.step, run.batch))
    arrays = named(run, quantization, state.parameters)
    moved, moments, loss, counted = training_step(
        run, quantization, arrays, state.optimizer, batch, rate
    )
    ledger = state.ledger + counted
    row = OperatorMetrics(
        step=state.step,
        loss=loss,
        learning_rate=rate,
        quantizations=ledger.quantizations,
        saturations=ledger.saturations,
        underflows=ledger.underflows,
    )
    after = replace(state, parameters=tuple(moved.values()), optimizer=moments, ledger=ledger)
    return after, row


def _require_same_samples(run: OperatorRun, train: Samples) -> None:
    found = samples_digest(train)
    if found != run.data:
        msg = f"the run is one on the samples {run.data[:12]}, these are {found[:12]}: give the "
        raise RunError(msg + "same samples, or make a run with OperatorRun.on")
