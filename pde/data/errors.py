"""The error of a file of data that cannot be used, or of data that could not be computed."""


class DataError(RuntimeError):
    """A file of data cannot be read or written, or an instance of a family failed."""
