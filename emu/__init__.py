"""tmp"""
from .accumulator import *
from .gemm import matmul
