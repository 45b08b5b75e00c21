"""Tensor trains: what they are, how to compute one, and layers whose weights are one.

>>> import numpy as np
>>> from bitpde.tt import TTLayer, tt_svd
>>> tt_svd(np.ones((4, 5, 6)), tolerance=1e-12)
TensorTrain(shape=(4, 5, 6), ranks=(1, 1, 1, 1))
>>> TTLayer(inputs=(16, 16), outputs=(16, 16), ranks=(1, 8, 8, 8, 1)).parameter_count
2304
"""

from .choices import TTForm as TTForm
from .choices import TTPlan as TTPlan
from .choices import TTStart as TTStart
from .cost import ContractionCost as ContractionCost
from .cost import cheapest as cheapest
from .cost import contraction_cost as contraction_cost
from .errors import TensorTrainError as TensorTrainError
from .layer import TTLayer as TTLayer
from .svd import tt_svd as tt_svd
from .tensor_train import TensorTrain as TensorTrain
from .tt_matrix import TTMatrix as TTMatrix
