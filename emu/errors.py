"""The error every misuse of a datapath, an accumulator or the tape raises."""


class DatapathError(ValueError):
    """A machine that cannot do what was asked; the message names the value and the remedy."""
