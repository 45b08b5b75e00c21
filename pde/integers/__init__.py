"""Networks of integers: quantized networks without a floating-point number.

`exported` makes one; `IntegerNetwork.run` evaluates it.  What its integers mean is written in the
head of `definition.py`, which `simulate` computes one number after the other.
"""

from .archive import golden_differences as golden_differences
from .archive import load_network as load_network
from .archive import save_golden as save_golden
from .archive import save_network as save_network
from .definition import simulate as simulate
from .exporting import exported as exported
from .grids import Grid as Grid
from .grids import Widths as Widths
from .levels import Levels as Levels
from .levels import level_differences as level_differences
from .levels import simulator_codes as simulator_codes
from .network import IntegerNetwork as IntegerNetwork
from .network import lowered as lowered
from .onnx_export import onnx_model as onnx_model
from .onnx_export import save_onnx as save_onnx
from .program import Operation as Operation
from .program import Program as Program
from .run_export import Export as Export
from .run_export import export_run as export_run
from .tracing import traced as traced
