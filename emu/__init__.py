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
from .accumulators.accumulator import Accumulator as Accumulator
from .accumulators.accumulator import ExactAccumulator as ExactAccumulator
from .accumulators.accumulator import SequentialAccumulator as SequentialAccumulator
from .accumulators.chunked import ChunkedAccumulator as ChunkedAccumulator
from .accumulators.fused import Addend as Addend
from .accumulators.fused import FusedAccumulator as FusedAccumulator
from .accumulators.fused import LateAddend as LateAddend
from .accumulators.fused import Reference as Reference
from .accumulators.integer import IntegerAccumulator as IntegerAccumulator
from .accumulators.kinds import DotAccumulator as DotAccumulator
from .accumulators.kinds import accumulator_from_json as accumulator_from_json
from .accumulators.kinds import accumulator_to_json as accumulator_to_json
from .accumulators.pinta import PintaAccumulator as PintaAccumulator
from .accumulators.presets import ACCUMULATOR_PRESETS as ACCUMULATOR_PRESETS
from .accumulators.presets import accumulator_preset as accumulator_preset
from .accumulators.tree import Order as Order
from .accumulators.tree import TreeAccumulator as TreeAccumulator
from .bounds.a_priori import a_priori_bound as a_priori_bound
from .bounds.bounds import error_bound as error_bound
from .bounds.reports import ErrorReport as ErrorReport
from .bounds.reports import error_report as error_report
from .bounds.reports import forward_error as forward_error
from .datapath import Datapath as Datapath
from .dots.dot import dot as dot
from .dots.dots import Dots as Dots
from .errors import DatapathError as DatapathError
from .exact.dot import DotResult as DotResult
from .exact.dot import dot_exact as dot_exact
from .functions.correct_rounding import FUNCTIONS as FUNCTIONS
from .functions.correct_rounding import correctly_rounded as correctly_rounded
from .functions.difference_unit import DIFFERENCES as DIFFERENCES
from .functions.difference_unit import DifferenceUnit as DifferenceUnit
from .functions.exact_differences import (
    correctly_rounded_difference as correctly_rounded_difference,
)
from .functions.function_codes import function_codes as function_codes
from .functions.function_codes import rounded_quotient as rounded_quotient
from .functions.maximum_errors import MaximumError as MaximumError
from .functions.maximum_errors import WorstCase as WorstCase
from .functions.maximum_errors import maximum_error as maximum_error
from .functions.piecewise import PiecewisePolynomial as PiecewisePolynomial
from .functions.piecewise import Spacing as Spacing
from .functions.softmax import Softmax as Softmax
from .functions.table import Addressing as Addressing
from .functions.table import FunctionTable as FunctionTable
from .functions.unit_json import unit_from_json as unit_from_json
from .functions.unit_json import unit_to_json as unit_to_json
from .functions.units import RoundedFunction as RoundedFunction
from .functions.units import Symmetry as Symmetry
from .gemm.product import matmul as matmul
from .gemm.product import outer as outer
from .layer_casts import LayerCasts as LayerCasts
from .presets import PRESETS as PRESETS
from .presets import preset as preset
from .presets import smx_datapath as smx_datapath
from .random_bits.lanes import BIT_SOURCE_KINDS as BIT_SOURCE_KINDS
from .random_bits.lanes import Lanes as Lanes
from .random_bits.lanes import jumped_lanes as jumped_lanes
from .random_bits.lanes import seeded_lanes as seeded_lanes
from .random_bits.lfsr import FibonacciLFSR as FibonacciLFSR
from .random_bits.lfsr import GaloisLFSR as GaloisLFSR
from .random_bits.lfsr import Readout as Readout
from .random_bits.lfsr import Shift as Shift
from .random_bits.lfsr_taps import MAXIMAL_TAPS as MAXIMAL_TAPS
from .random_bits.pcg import PCG32 as PCG32
from .random_bits.source import BitGenerator as BitGenerator
from .random_bits.source import BitSource as BitSource
from .random_bits.xorwow import Xorwow as Xorwow
from .requantization.activations import requantize as requantize
from .requantization.fixed_point import divide_by_power_of_two as divide_by_power_of_two
from .requantization.fixed_point import doubling_high_multiply as doubling_high_multiply
from .requantization.fixed_point import quantize_multiplier as quantize_multiplier
from .requantization.requantization import Requantization as Requantization
from .requantization.rules import RequantizationRule as RequantizationRule
from .requantization.wide import Limits as Limits
from .requantization.wide import Scaling as Scaling
from .requantization.wide import add_terms as add_terms
from .requantization.wide import interpolate as interpolate
from .requantization.wide import look_up as look_up
from .requantization.wide import normalize as normalize
from .requantization.wide import rescale as rescale
from .requantization.wide import wide_multiplier as wide_multiplier
from .tape import ops as ops
from .tape.gradcheck import GradientCheck as GradientCheck
from .tape.gradcheck import check_gradient as check_gradient
from .tape.learned_quantization import Quantizer as Quantizer
from .tape.learned_quantization import Sums as Sums
from .tape.ledger import Ledger as Ledger
from .tape.shadow import OpError as OpError
from .tape.shadow import Shadow as Shadow
from .tape.tape import Node as Node
from .tape.tape import Tape as Tape
from .width import Span as Span
from .width import element_span as element_span
from .width import value_span as value_span
from .witness.witness import Witness as Witness
from .witness.witness import find_witness as find_witness
