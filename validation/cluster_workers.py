"""Workers of a Dask cluster, the extra ``cluster``: the same tasks, elsewhere.

They need this version of the package and the folder of the study under the same path.  A task whose
worker dies is given to another by the scheduler; one that ended three of them is given up.
"""

from collections.abc import Callable
from typing import Any, Self

from ..pde import RunError
from .workers import Done


class Cluster:
    """The workers that a scheduler knows.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://host:8786``.
    patience
        Seconds to wait for it.

    Raises
    ------
    RunError
        Without Dask, or if nothing answers.
    """

    def __init__(self, address: str, *, patience: float = 30.0) -> None:
        try:
            from distributed import Client, as_completed
        except ImportError as error:
            msg = "dask and distributed are not installed: run pip install 'bitpde[cluster]'"
            raise RunError(msg) from error
        try:
            self._client = Client(address, timeout=patience, set_as_default=False)
        except (OSError, ValueError) as error:
            msg = f"no scheduler at {address} ({error}): start one with dask scheduler, and workers"
            raise RunError(msg) from error
        self._done = as_completed([], raise_errors=False, loop=self._client.loop)
        self._tickets: dict[str, int] = {}

    @property
    def capacity(self) -> int:
        """As many as there may be: the scheduler keeps what waits, also for workers to come."""
        return 1 << 20

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Forget what is under way, and leave the cluster as it was."""
        self._client.close()

    def give(self, ticket: int, function: Callable[..., Any], *arguments: Any) -> None:
        """Give a task to the scheduler."""
        future = self._client.submit(function, *arguments, pure=False)
        self._tickets[future.key] = ticket
        self._done.add(future)

    def take(self) -> Done:
        """Wait until a task is done."""
        future = next(self._done)
        ticket = self._tickets.pop(future.key)
        if future.status == "finished":
            return Done(ticket=ticket, value=future.result())
        error = future.exception() if future.status == "error" else "the scheduler gave it up"
        return Done(ticket=ticket, problem=f"{type(error).__name__}: {error}")
