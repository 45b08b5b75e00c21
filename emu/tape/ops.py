"""Operations on nodes: exact arithmetic between the casts of the tape's datapath.

Matrix products go through the operand casts and the accumulator; every other operation moves
numbers, or is the vector unit's and says how often it rounds.  Derivatives: `vjps.py`.
"""

from .activations import gelu as gelu
from .activations import relu as relu
from .activations import sigmoid as sigmoid
from .activations import softmax as softmax
from .convolution import convolution as convolution
from .convolution import transposed_convolution as transposed_convolution
from .difference_ops import sin_difference as sin_difference
from .difference_ops import sin_parts as sin_parts
from .difference_ops import tanh_difference as tanh_difference
from .difference_ops import tanh_parts as tanh_parts
from .elementwise import add as add
from .elementwise import cos as cos
from .elementwise import multiply as multiply
from .elementwise import scale as scale
from .elementwise import sin as sin
from .elementwise import subtract as subtract
from .elementwise import tanh as tanh
from .field_ops import concatenate as concatenate
from .field_ops import join as join
from .field_ops import pad as pad
from .field_ops import patches as patches
from .field_ops import take as take
from .field_ops import windows as windows
from .fourier_island import irfft_modes as irfft_modes
from .fourier_island import rfft_modes as rfft_modes
from .learned_quantization import learned_quantize as learned_quantize
from .movement import columns as columns
from .movement import pad_columns as pad_columns
from .movement import reshape as reshape
from .movement import transpose as transpose
from .normalization import group_norm as group_norm
from .normalization import layer_norm as layer_norm
from .pooling import max_pool as max_pool
from .pooling import mean_pool as mean_pool
from .products import batched_matmul as batched_matmul
from .products import difference_matmul as difference_matmul
from .products import matmul as matmul
from .products import vector_matmul as vector_matmul
from .spectral import inverse_truncated_dft as inverse_truncated_dft
from .spectral import mix_modes as mix_modes
from .spectral import spectral_convolution as spectral_convolution
from .spectral import truncated_dft as truncated_dft
from .sums import contract as contract
from .sums import mean_product as mean_product
from .sums import mean_square as mean_square
from .sums import weighted_sum as weighted_sum
