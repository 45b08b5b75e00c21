"""Bit-accurate emulation of low-precision arithmetic, up to training neural PDE solvers on it."""

__version__ = "0.1.0"
