"""What the processor has that kernels are compiled for."""

from importlib import import_module


def is_compiled_for(*names: str) -> bool:
    """Whether numba's target has one of LLVM's features.

    They are those of NUMBA_CPU_FEATURES, else none if NUMBA_CPU_NAME is generic, else the host's.

    Examples
    --------
    >>> is_compiled_for("no such feature")
    False
    """
    from llvmlite import binding

    config = import_module("numba.core.config")
    if config.CPU_FEATURES is not None:
        return any(f"+{name}" in config.CPU_FEATURES.split(",") for name in names)
    if config.CPU_NAME == "generic":
        return False
    host = binding.get_host_cpu_features()
    return any(host.get(name, False) for name in names)
