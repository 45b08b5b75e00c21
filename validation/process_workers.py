"""Processes of this machine, each with one task at a time and a pipe of its own.

A pool that shares one queue is broken as a whole when one of its processes dies, and does not know
which task it had.  Here the end of a process is the end of its pipe: its task goes to a new one.
"""

import signal
from collections import deque
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, Self

from ..formats import set_thread_count, thread_count
from ..pde import RunError, keep_freed_memory
from .workers import CHANCES, Done, attempt

Task = tuple[int, Callable[..., Any], tuple[Any, ...]]


class Processes:
    """Processes started by ``spawn``: a script that makes them does so below ``__main__``.

    Parameters
    ----------
    count
        How many; by default as many as there are processors.  These share the threads.

    Raises
    ------
    RunError
        If there is none, or the environment says nonsense.
    """

    def __init__(self, count: int | None = None) -> None:
        try:
            available = thread_count()
        except ValueError as error:
            raise RunError(str(error)) from error
        self.capacity = available if count is None else count
        if self.capacity < 1:
            msg = f"{count} workers: give at least 1"
            raise RunError(msg)
        self._threads = max(1, available // self.capacity)
        self._workers: dict[Connection, _Worker] = {}
        self._waiting: deque[Task] = deque()
        self._deaths: dict[int, int] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End all processes."""
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()

    def give(self, ticket: int, function: Callable[..., Any], *arguments: Any) -> None:
        """Give a task to a process that has none, or to the next one that is done."""
        self._waiting.append((ticket, function, arguments))
        self._start()

    def take(self) -> Done:
        """Wait until a task is done, or has ended its process as often as it may."""
        while True:
            busy = [pipe for pipe, worker in self._workers.items() if worker.task is not None]
            for pipe in wait(busy):
                done = self._heard(self._workers[pipe])  # type: ignore[index]
                self._start()
                if done is not None:
                    return done

    def _start(self) -> None:
        """Give what waits to processes without a task, new ones if there is room."""
        while self._waiting:
            free = [worker for worker in self._workers.values() if worker.task is None]
            if not free and len(self._workers) == self.capacity:
                return
            worker = free[0] if free else _Worker(self._threads)
            self._workers[worker.pipe] = worker
            worker.begin(self._waiting.popleft())

    def _heard(self, worker: "_Worker") -> Done | None:
        """What a process has to say; None if it died and its task has another chance."""
        task = worker.task
        worker.task = None
        try:
            done: Done = worker.pipe.recv()
        except (EOFError, OSError):
            worker.end()
            del self._workers[worker.pipe]
            return None if task is None else self._again(task, worker.process.exitcode)
        return done

    def _again(self, task: Task, code: int | None) -> Done | None:
        ticket = task[0]
        self._deaths[ticket] = self._deaths.get(ticket, 0) + 1
        if self._deaths[ticket] < CHANCES:
            self._waiting.appendleft(task)
            return None
        told = f"its process ended {CHANCES} times, with exit code {code}, perhaps for its memory"
        return Done(ticket=ticket, problem=told)


class _Worker:
    """One process and the task it has."""

    def __init__(self, threads: int) -> None:
        context = get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, threads), daemon=True)
        self.process.start()
        other.close()  # so that the pipe ends with the process
        self.task: Task | None = None

    def begin(self, task: Task) -> None:
        self.task = task
        try:
            self.pipe.send(task)
        except BrokenPipeError:
            return  # it died waiting: the pipe has ended, which is heard next

    def end(self) -> None:
        self.process.terminate()
        self.process.join()
        self.pipe.close()


def _serve(pipe: Connection, threads: int) -> None:
    """Do one task after the other until the pipe ends; the interrupt key is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_thread_count(threads)
    keep_freed_memory()
    while True:
        try:
            pipe.send(attempt(*pipe.recv()))
        except (EOFError, BrokenPipeError):
            return
