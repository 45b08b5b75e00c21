"""Data for operator networks: solutions of equations, each with a certificate of its error.

A `Family` is a distribution over instances of one equation.  It gives the `Trajectory` of a seed
and a number, and a `Certificate` that says what was measured of the error of its solver.
`generate` writes them into a file, `open_dataset` reads that and the files of others as a
`Dataset`, and `check` looks whether a file holds what it says.
"""

from .burgers_family import BurgersFamily as BurgersFamily
from .burgers_initial import GaussianField as GaussianField
from .burgers_initial import InitialValue as InitialValue
from .burgers_initial import SineWaves as SineWaves
from .burgers_reference import burgers_reference as burgers_reference
from .burgers_solver import solve_burgers as solve_burgers
from .catalogue import FAMILIES as FAMILIES
from .catalogue import family_from_json as family_from_json
from .catalogue import family_named as family_named
from .certificate import Certificate as Certificate
from .certificate import versions as versions
from .check import check as check
from .convergence import observed_order as observed_order
from .convergence import relative_l2_difference as relative_l2_difference
from .counts import Counts as Counts
from .darcy_balance import flow_imbalance as flow_imbalance
from .darcy_coefficients import DarcyCoefficient as DarcyCoefficient
from .darcy_coefficients import ThresholdedBumps as ThresholdedBumps
from .darcy_coefficients import ThresholdedField as ThresholdedField
from .darcy_family import DarcyFamily as DarcyFamily
from .darcy_solver import darcy_matrix as darcy_matrix
from .darcy_solver import solve_darcy as solve_darcy
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
from .smoke_equation import Smoke as Smoke
from .smoke_equation import SmokeEquation as SmokeEquation
from .smoke_family import SmokeFamily as SmokeFamily
from .smoke_solver import solve_smoke as solve_smoke
from .sorption_columns import Column as Column
from .sorption_columns import ConstantColumns as ConstantColumns
from .sorption_columns import VariedColumns as VariedColumns
from .sorption_equation import SorptionEquation as SorptionEquation
from .sorption_family import SorptionFamily as SorptionFamily
from .sorption_similarity import sorption_similarity as sorption_similarity
from .sorption_solver import Forcing as Forcing
from .sorption_solver import SorptionSolution as SorptionSolution
from .sorption_solver import solve_sorption as solve_sorption
from .trajectory import Trajectory as Trajectory
from .vorticity_budget import enstrophy_imbalance as enstrophy_imbalance
from .vorticity_family import VorticityFamily as VorticityFamily
from .vorticity_solver import solve_vorticity as solve_vorticity
from .write_pdebench import write_pdebench as write_pdebench
from .write_pdebench import write_pdebench_samples as write_pdebench_samples
