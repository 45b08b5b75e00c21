"""How wide the vectors of this machine are: what micro-kernels fill, and nothing that shows."""

import importlib
from functools import cache
from typing import Any


@cache
def vector_bits() -> int:
    """The bits of a vector register: 512 where there are such, else 256.

    Twelve sums fill the registers of a machine with 256 bits and leave four for what is multiplied;
    with vectors twice as wide as a register half of them would go through memory at each product.
    Machines with 128 bits have twice as many registers.

    Notes
    -----
    *Exactness*: an element of a result is one chain of operations in one lane, however many lanes
    there are.  numba keys its cache with the same features, so that code for one width is not
    loaded on a machine with another.
    """
    return 512 if "+avx512f" in _features().split(",") else 256


def _features() -> str:
    """The features that numba compiles for, as LLVM names them."""
    config: Any = importlib.import_module("numba.core.config")
    if config.CPU_FEATURES is not None:
        return str(config.CPU_FEATURES)
    if config.CPU_NAME == "generic":
        return ""
    binding: Any = importlib.import_module("llvmlite.binding")
    return str(binding.get_host_cpu_features().flatten())
