"""What a datapath refuses in the middle of a training, as an error that names the step."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..emu import Datapath, DatapathError
from ..formats import FormatError
from .errors import TrainingError


@contextmanager
def naming_step(datapath: Datapath, step: int) -> Iterator[None]:
    """Turn a refusal of the datapath within the context into a `TrainingError` of ``step``.

    Examples
    --------
    >>> from bitpde.emu import preset
    >>> with naming_step(preset("smx8"), 7):
    ...     raise FormatError("NaN has no code")
    Traceback (most recent call last):
    bitpde.pde.errors.TrainingError: the datapath smx8 cannot go on at step 7: NaN has no code
    """
    try:
        yield
    except (DatapathError, FormatError) as error:
        msg = f"the datapath {datapath.name} cannot go on at step {step}: {error}"
        raise TrainingError(msg) from error
