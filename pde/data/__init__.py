"""Data for operator networks: solutions of equations, each with a certificate of its error.

A `Family` is a distribution over instances of one equation.  It gives the `Trajectory` of a seed
and a number, and a `Certificate` that says what was measured of the error of its solver.
"""

from .certificate import Certificate as Certificate
from .certificate import versions as versions
from .family import Family as Family
from .trajectory import Trajectory as Trajectory
