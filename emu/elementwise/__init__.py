"""Elementwise arithmetic on coded arrays: each result is rounded once, from its exact value."""

from .operations import add as add
from .operations import convert as convert
from .operations import divide as divide
from .operations import fma as fma
from .operations import maximum as maximum
from .operations import maximum_number as maximum_number
from .operations import minimum as minimum
from .operations import minimum_number as minimum_number
from .operations import multiply as multiply
from .operations import sqrt as sqrt
from .operations import subtract as subtract
from .order import Ordering as Ordering
from .order import compare as compare
