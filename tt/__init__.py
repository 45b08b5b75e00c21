"""Tensor trains: what they are, and how to compute one.

>>> import numpy as np
>>> from bitpde.tt import tt_svd
>>> tt_svd(np.ones((4, 5, 6)), tolerance=1e-12)
TensorTrain(shape=(4, 5, 6), ranks=(1, 1, 1, 1))
"""

from .svd import tt_svd as tt_svd
from .tensor_train import TensorTrain as TensorTrain
