"""The one door to numba: every kernel is compiled here, with one set of flags.

Four promises hold for whatever passes through :func:`kernel`.

* **The machine code is the source code.**  numba keeps compiled code on disk and asks only
  whether the file *of that function* has changed; a helper edited in another file leaves the
  caller's stale code in place, and wrong bits come out (numba issue 1833).  Here the cache lives
  in a folder named by a digest of every source file of ``formats/`` and ``emu/``, so that an edit
  to any of them starts afresh (``jit_cache.py``).
* **Processes share that cache.**  What is compiled for other arguments lies in another file, by
  name, whoever compiles at the same time (``jit_files.py``).
* **No arithmetic is rearranged.**  ``fastmath`` is off: every operation is the IEEE 754 one, in
  the order written, so compiled and interpreted runs give the same bits.
* **numba is not needed to import.**  It is loaded when the first kernel is decorated, never by
  ``import bitpde.formats``.
"""

import functools
import importlib
import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .jit_cache import cache_folder

_LOCK = threading.Lock()


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function`` with the flags of this package, and cache the machine code safely.

    The flags are ``nogil=True`` (kernels may run on several threads at once), ``fastmath=False``
    and ``error_model="numpy"`` (``1.0 / 0.0`` is an infinity, not an exception).  Kernels and
    ``@intrinsic`` functions of other files may be called freely, as long as those files lie in
    ``formats/`` or ``emu/``, where the digest sees them.

    Parameters
    ----------
    function : callable
        A function that numba can compile.  It should take what it needs as arguments: module
        globals are frozen into the machine code.

    Returns
    -------
    callable
        The compiled function; ``function`` itself under ``NUMBA_DISABLE_JIT=1``.

    Notes
    -----
    *Exactness*: the compiled function rounds where the Python function rounds, and nowhere else.
    A function without a file, because it was typed at a prompt, is compiled but not cached.

    Examples
    --------
    >>> @kernel
    ... def double(x):
    ...     return x + x
    >>> double(21)
    42
    """
    return _compiled(function, inlined=False)


def inlined_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """`kernel` for a function that loops call: always part of its callers, never a call.

    It may read and write the arrays it is given but make none, views included: it does not count
    references to them, which would cost more than what such functions do.

    Examples
    --------
    >>> @inlined_kernel
    ... def double(x):
    ...     return x + x
    >>> double(21)
    42
    """
    return _compiled(function, inlined=True)


def _compiled(function: Callable[..., Any], *, inlined: bool) -> Callable[..., Any]:
    import numba

    from .jit_files import name_cache_files

    config = _config()
    if config.DISABLE_JIT:
        return function
    with _LOCK:
        before = config.CACHE_DIR  # process-wide: set it, use it, put it back
        folder = cache_folder(before) if Path(inspect.getfile(function)).is_file() else None
        # No C callbacks are made of kernels, and each would be compiled besides.
        flags: dict[str, Any] = {
            "forceinline": inlined, "_nrt": not inlined, "no_cfunc_wrapper": True
        }  # fmt: skip
        compiler = numba.njit(
            cache=folder is not None, fastmath=False, nogil=True, error_model="numpy", **flags
        )
        config.CACHE_DIR = str(folder or before)
        try:
            compiled: Callable[..., Any] = compiler(function)
            if folder is not None:
                name_cache_files(compiled)
            return compiled
        finally:
            config.CACHE_DIR = before


def kernels_are_compiled() -> bool:
    """Whether kernels are machine code in this process: False under ``NUMBA_DISABLE_JIT=1``.

    An ``@intrinsic`` can be called from machine code only; a caller asks here first.
    """
    return not _config().DISABLE_JIT


@functools.cache
def _config() -> Any:
    """numba's settings, which it does not declare to type checkers."""
    return importlib.import_module("numba.core.config")
