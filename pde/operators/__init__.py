"""Networks between fields: Fourier neural operators, UNets and transformers.

Each is a value that names its layers; `OperatorNetwork.apply` runs it on a tape, with the operands
of all products through the `Numerics` that are given.
"""

from .attention import Attention as Attention
from .baselines import baselines as baselines
from .comparison import AGAIN as AGAIN
from .comparison import FLOAT as FLOAT
from .comparison import Comparison as Comparison
from .comparison import Splits as Splits
from .comparison import compare as compare
from .comparison import folder_name as folder_name
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
from .pairs import Pairs as Pairs
from .pairs import is_periodic as is_periodic
from .pairs import reduced as reduced
from .plot import plot_comparison as plot_comparison
from .progress import comparison_bars as comparison_bars
from .quantization import Quantization as Quantization
from .reduction import Reduction as Reduction
from .report import OPERATOR_TITLES as OPERATOR_TITLES
from .report import OperatorRow as OperatorRow
from .report import operator_row as operator_row
from .report import operator_table as operator_table
from .resolution import averaged as averaged
from .resolution import coarsened as coarsened
from .resolution import interpolated as interpolated
from .rollout import rollout_error as rollout_error
from .run import LOSSES as LOSSES
from .run import NETWORKS as NETWORKS
from .run import OperatorRun as OperatorRun
from .samples import Samples as Samples
from .samples import from_coefficient as from_coefficient
from .samples import one_step as one_step
from .samples import samples_digest as samples_digest
from .scaling import Scaling as Scaling
from .scaling import Units as Units
from .sizes import MODELS as MODELS
from .sizes import operator_named as operator_named
from .start import parameters_digest as parameters_digest
from .step import calibrated as calibrated
from .step import predict as predict
from .step import training_step as training_step
from .train import train_operator as train_operator
from .transformer import Transformer as Transformer
from .unet import UNet as UNet
