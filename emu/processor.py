"""What the processor has that kernels are compiled for."""

from importlib import import_module


def is_compiled_for(*names: str) -> bool:
    """Whether numba's target has one of LLVM's features: NUMBA_CPU_FEATURES, or this processor's.

    Examples
    --------
    >>> is_compiled_for("no such feature")
    False
    """
    from llvmlite import binding

    given = import_module("numba.core.config").CPU_FEATURES
    if given is not None:
        return any(f"+{name}" in given.split(",") for name in names)
    host = binding.get_host_cpu_features()
    return any(host.get(name, False) for name in names)
