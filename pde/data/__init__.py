"""Data for operator networks: solutions of equations, each with a certificate of its error.

A `Family` is a distribution over instances of one equation.  It gives the `Trajectory` of a seed
and a number, and a `Certificate` that says what was measured of the error of its solver.
`generate` writes them into a file, `open_dataset` reads that and the files of others as a
`Dataset`, and `check` looks whether a file holds what it says.
"""

from .catalogue import FAMILIES as FAMILIES
from .catalogue import family_from_json as family_from_json
from .catalogue import family_named as family_named
from .certificate import Certificate as Certificate
from .certificate import versions as versions
from .check import check as check
from .counts import Counts as Counts
from .dataset import Dataset as Dataset
from .errors import DataError as DataError
from .family import Family as Family
from .finding import FINDING_TITLES as FINDING_TITLES
from .finding import Finding as Finding
from .generate import generate as generate
from .layout import Layout as Layout
from .open_dataset import LAYOUTS as LAYOUTS
from .open_dataset import open_dataset as open_dataset
from .plot_dataset import plot_dataset as plot_dataset
from .rows import Rows as Rows
from .trajectory import Trajectory as Trajectory
from .write_pdebench import write_pdebench as write_pdebench
from .write_pdebench import write_pdebench_samples as write_pdebench_samples
