"""What the hardware does: accumulators, matrix products, datapaths, and a tape that runs on them.

A `Datapath` says, for one machine, which cast every operand and result passes through; `ops` are
exact arithmetic between these casts; a `Tape` replays them backwards through the same machine.

>>> import numpy as np
>>> from bitpde.emu import Tape, ops, preset
>>> tape = Tape(preset("smx8"))
>>> w = tape.parameter(np.full((4, 2), 0.3))
>>> y = ops.matmul(tape.constant(np.eye(4)), w)
>>> float(y.value[0, 0])  # 0.3 in INT8 with the scale 2^-8: 77/256
0.30078125
"""

from . import elementwise as elementwise
from . import ops as ops
from .a_priori import a_priori_bound as a_priori_bound
from .accumulator import Accumulator as Accumulator
from .accumulator import ExactAccumulator as ExactAccumulator
from .accumulator import SequentialAccumulator as SequentialAccumulator
from .accumulator_presets import ACCUMULATOR_PRESETS as ACCUMULATOR_PRESETS
from .accumulator_presets import accumulator_preset as accumulator_preset
from .bit_source import BitGenerator as BitGenerator
from .bit_source import BitSource as BitSource
from .chunked_accumulator import ChunkedAccumulator as ChunkedAccumulator
from .correct_rounding import FUNCTIONS as FUNCTIONS
from .correct_rounding import correctly_rounded as correctly_rounded
from .datapath import Datapath as Datapath
from .difference_unit import DIFFERENCES as DIFFERENCES
from .difference_unit import DifferenceUnit as DifferenceUnit
from .dot import dot as dot
from .dot_accumulators import DotAccumulator as DotAccumulator
from .dot_accumulators import accumulator_from_json as accumulator_from_json
from .dot_accumulators import accumulator_to_json as accumulator_to_json
from .dot_exact import DotResult as DotResult
from .dot_exact import dot_exact as dot_exact
from .dots import Dots as Dots
from .error_bounds import error_bound as error_bound
from .error_reports import ErrorReport as ErrorReport
from .error_reports import error_report as error_report
from .error_reports import forward_error as forward_error
from .errors import DatapathError as DatapathError
from .exact_differences import correctly_rounded_difference as correctly_rounded_difference
from .fixed_point import divide_by_power_of_two as divide_by_power_of_two
from .fixed_point import doubling_high_multiply as doubling_high_multiply
from .fixed_point import quantize_multiplier as quantize_multiplier
from .function_error import MaximumError as MaximumError
from .function_error import WorstCase as WorstCase
from .function_error import maximum_error as maximum_error
from .function_json import unit_from_json as unit_from_json
from .function_json import unit_to_json as unit_to_json
from .function_table import Addressing as Addressing
from .function_table import FunctionTable as FunctionTable
from .function_units import RoundedFunction as RoundedFunction
from .function_units import Symmetry as Symmetry
from .fused_accumulator import Addend as Addend
from .fused_accumulator import FusedAccumulator as FusedAccumulator
from .fused_accumulator import LateAddend as LateAddend
from .fused_accumulator import Reference as Reference
from .gradcheck import GradientCheck as GradientCheck
from .gradcheck import check_gradient as check_gradient
from .integer_accumulator import IntegerAccumulator as IntegerAccumulator
from .integer_activations import requantize as requantize
from .lanes import BIT_SOURCE_KINDS as BIT_SOURCE_KINDS
from .lanes import Lanes as Lanes
from .lanes import jumped_lanes as jumped_lanes
from .lanes import seeded_lanes as seeded_lanes
from .layer_casts import LayerCasts as LayerCasts
from .ledger import Ledger as Ledger
from .lfsr import FibonacciLFSR as FibonacciLFSR
from .lfsr import GaloisLFSR as GaloisLFSR
from .lfsr import Readout as Readout
from .lfsr import Shift as Shift
from .lfsr_taps import MAXIMAL_TAPS as MAXIMAL_TAPS
from .pcg import PCG32 as PCG32
from .piecewise import PiecewisePolynomial as PiecewisePolynomial
from .piecewise import Spacing as Spacing
from .pinta_accumulator import PintaAccumulator as PintaAccumulator
from .presets import PRESETS as PRESETS
from .presets import preset as preset
from .presets import smx_datapath as smx_datapath
from .product import matmul as matmul
from .product import outer as outer
from .requantization import Requantization as Requantization
from .requantization_rules import RequantizationRule as RequantizationRule
from .shadow import OpError as OpError
from .shadow import Shadow as Shadow
from .softmax import Softmax as Softmax
from .tape import Node as Node
from .tape import Tape as Tape
from .tree_accumulator import Order as Order
from .tree_accumulator import TreeAccumulator as TreeAccumulator
from .width import Span as Span
from .width import element_span as element_span
from .width import value_span as value_span
from .witness import Witness as Witness
from .witness import find_witness as find_witness
from .xorwow import Xorwow as Xorwow
