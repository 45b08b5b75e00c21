"""Networks between fields: Fourier neural operators, UNets and transformers.

Each is a value that names its layers; `OperatorNetwork.apply` runs it on a tape, with the operands
of all products through the `Numerics` that are given.
"""

from .attention import Attention as Attention
from .cost import FLOAT_PROXY_BITS as FLOAT_PROXY_BITS
from .cost import Cost as Cost
from .cost import CostRow as CostRow
from .cost import cost as cost
from .cost_layers import Site as Site
from .cost_layers import layer_work as layer_work
from .cost_networks import network_work as network_work
from .cost_work import Elementwise as Elementwise
from .cost_work import Product as Product
from .cost_work import Tensor as Tensor
from .downsampling import BlockConvolution as BlockConvolution
from .downsampling import BlockExpansion as BlockExpansion
from .downsampling import Resampled as Resampled
from .fno import FNO as FNO
from .layer import Layer as Layer
from .layer import Parameter as Parameter
from .layer import Scope as Scope
from .layers import Convolution as Convolution
from .layers import GroupNorm as GroupNorm
from .layers import LayerNorm as LayerNorm
from .layers import Pointwise as Pointwise
from .layers import Spectral as Spectral
from .layers import Upsampling as Upsampling
from .metrics import OperatorErrors as OperatorErrors
from .metrics import operator_errors as operator_errors
from .metrics import relative_l2 as relative_l2
from .network import OperatorNetwork as OperatorNetwork
from .numerics import Numerics as Numerics
from .numerics import Plain as Plain
from .outcome import OperatorMetrics as OperatorMetrics
from .outcome import OperatorOutcome as OperatorOutcome
from .outcome import load_operator as load_operator
from .quantization import Quantization as Quantization
from .reduction import Reduction as Reduction
from .reduction import interpolation_floor as interpolation_floor
from .resolution import averaged as averaged
from .resolution import coarsened as coarsened
from .resolution import interpolated as interpolated
from .run import LOSSES as LOSSES
from .run import NETWORKS as NETWORKS
from .run import OperatorRun as OperatorRun
from .samples import Samples as Samples
from .samples import from_coefficient as from_coefficient
from .samples import one_step as one_step
from .samples import samples_digest as samples_digest
from .scaling import Scaling as Scaling
from .scaling import Units as Units
from .start import parameters_digest as parameters_digest
from .step import calibrated as calibrated
from .step import predict as predict
from .step import training_step as training_step
from .train import train_operator as train_operator
from .transformer import Transformer as Transformer
from .unet import UNet as UNet
