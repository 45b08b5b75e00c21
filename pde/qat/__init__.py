"""Quantization-aware training: affine integers whose ranges are found first, then learned.

`initial_ranges` finds a range for numbers that were seen; a quantizer of `quantizers.py` turns it
into parameters, and the operation `learned_quantize` trains them with the network's.
"""

from .numerics import Quantizing as Quantizing
from .numerics import Watching as Watching
from .plan import Plan as Plan
from .quantizers import LearnedQuantizer as LearnedQuantizer
from .quantizers import MinMax as MinMax
from .quantizers import StepAndOffset as StepAndOffset
from .quantizers import StepSize as StepSize
from .range_search import RANGE_RULES as RANGE_RULES
from .range_search import Ranges as Ranges
from .range_search import initial_ranges as initial_ranges
