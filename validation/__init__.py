"""Why anyone should believe it: golden vectors that other implementations can be held to."""

from .vectors import GOLDEN as GOLDEN
from .vectors import SUITE as SUITE
from .vectors import VectorError as VectorError
from .vectors import differences as differences
from .vectors import generate as generate
from .vectors import load as load
from .vectors import write as write
