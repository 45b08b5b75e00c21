"""The errors of this folder; each message names what was wrong, the value and the remedy."""


class RunError(ValueError):
    """A run, or a part of one, was specified with a value that cannot be used."""


class CheckpointError(RuntimeError):
    """A checkpoint cannot be read or does not belong to the run; nothing was changed on disk."""


class TrainingError(RuntimeError):
    """A training run met a number that is not finite and stopped."""
