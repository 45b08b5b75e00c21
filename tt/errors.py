"""The error every misuse of a tensor train or of a layer raises."""


class TensorTrainError(ValueError):
    """A train or a layer that cannot be what was asked; the message names the remedy."""
