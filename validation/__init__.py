"""Why anyone should believe it, and what a format does to numbers.

Golden vectors that other implementations can be held to; the register of disagreements with them;
every float32 held to rational arithmetic; the facts of every named format; the error of a
quantization.
"""

from .accumulator_table import ACCUMULATOR_SOURCES as ACCUMULATOR_SOURCES
from .accumulator_table import FAMILIES as FAMILIES
from .accumulator_table import accumulator_json as accumulator_json
from .accumulator_table import accumulator_rows as accumulator_rows
from .accumulator_table import accumulators_markdown as accumulators_markdown
from .accumulator_table import family_of as family_of
from .array_file import ArrayFileError as ArrayFileError
from .array_file import read_array as read_array
from .array_file import require_absent as require_absent
from .format_facts import BlockFacts as BlockFacts
from .format_facts import ScalarFacts as ScalarFacts
from .format_facts import binades as binades
from .format_facts import block_facts as block_facts
from .format_facts import scalar_facts as scalar_facts
from .format_facts import special_codes as special_codes
from .format_lines import block_lines as block_lines
from .format_lines import scalar_lines as scalar_lines
from .format_lines import step_rows as step_rows
from .format_plot import plot_formats as plot_formats
from .format_table import block_rows as block_rows
from .format_table import format_json as format_json
from .format_table import formats_markdown as formats_markdown
from .format_table import number_json as number_json
from .format_table import scalar_rows as scalar_rows
from .grid_studies import GRID_STUDIES as GRID_STUDIES
from .grid_study import GridStudy as GridStudy
from .grid_study import mean_and_spread as mean_and_spread
from .grid_study import run_grid as run_grid
from .named_formats import NAMED as NAMED
from .named_formats import SOURCES as SOURCES
from .named_formats import AnyFormat as AnyFormat
from .named_formats import Scalar as Scalar
from .named_formats import format_called as format_called
from .named_formats import name_of as name_of
from .named_formats import source_of as source_of
from .number_text import decimal_text as decimal_text
from .number_text import exact_text as exact_text
from .picture import picture_kind as picture_kind
from .quantization_error import QuantizationReport as QuantizationReport
from .quantization_plot import PICTURE_SAMPLE as PICTURE_SAMPLE
from .quantization_plot import plot_quantization as plot_quantization
from .quantize_array import Quantization as Quantization
from .quantize_array import quantize_array as quantize_array
from .register import REGISTER as REGISTER
from .register import RegisterError as RegisterError
from .register import Row as Row
from .register import load_register as load_register
from .register import recompute as recompute
from .sweep import Mismatch as Mismatch
from .sweep import Tally as Tally
from .sweep import check_every as check_every
from .sweep import check_some as check_some
from .training_study import TrainingGrid as TrainingGrid
from .training_study import plain_run as plain_run
from .value_table import CodeRow as CodeRow
from .value_table import code_row as code_row
from .value_table import value_table as value_table
from .vectors import GOLDEN as GOLDEN
from .vectors import SUITE as SUITE
from .vectors import VectorError as VectorError
from .vectors import differences as differences
from .vectors import generate as generate
from .vectors import load as load
from .vectors import write as write
