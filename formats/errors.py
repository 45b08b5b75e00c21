"""The error every misuse of a format or a cast raises."""


class FormatError(ValueError):
    """A format, a cast or a value that cannot mean what was asked; the message names the remedy."""
