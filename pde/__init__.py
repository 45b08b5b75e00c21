"""Problems and their training on a datapath.

Read `stein` for the derivatives, `poisson` for a problem, `step` for one training step, `train`
for the loop and `study` for the table.
"""

from .adam import Adam as Adam
from .adam import AdamState as AdamState
from .baselines import polynomial_baselines as polynomial_baselines
from .catalogue import PROBLEMS as PROBLEMS
from .catalogue import problem_named as problem_named
from .checkpoint import State as State
from .checkpoint import load_checkpoint as load_checkpoint
from .checkpoint import save_checkpoint as save_checkpoint
from .errors import CheckpointError as CheckpointError
from .errors import RunError as RunError
from .errors import TrainingError as TrainingError
from .estimators import ESTIMATORS as ESTIMATORS
from .estimators import estimator_named as estimator_named
from .evaluate import field_errors as field_errors
from .evaluate import fields_at as fields_at
from .evaluate import held_out_points as held_out_points
from .field_errors import FieldErrors as FieldErrors
from .field_errors import relative_l2 as relative_l2
from .fields import smoothed_fields as smoothed_fields
from .loss import Loss as Loss
from .loss import soft_boundary_loss as soft_boundary_loss
from .metrics import Metrics as Metrics
from .metrics import read_metrics as read_metrics
from .monte_carlo import SteinMonteCarlo as SteinMonteCarlo
from .network import MLP as MLP
from .plot import plot_study as plot_study
from .poisson import Poisson as Poisson
from .problem import Problem as Problem
from .quadrature import SteinGaussHermite as SteinGaussHermite
from .quadrature import SteinSparseGrid as SteinSparseGrid
from .report import Row as Row
from .report import format_table as format_table
from .report import tier as tier
from .run import Run as Run
from .run_folder import load_run as load_run
from .schedule import SCHEDULES as SCHEDULES
from .schedule import Constant as Constant
from .schedule import Exponential as Exponential
from .schedule import Linear as Linear
from .schedule import Schedule as Schedule
from .spec import Spec as Spec
from .stein import Estimator as Estimator
from .stein import Nodes as Nodes
from .step import initial_state as initial_state
from .step import step_errors as step_errors
from .step import training_step as training_step
from .streams import Stream as Stream
from .study import Study as Study
from .study import run_study as run_study
from .terminal import print_table as print_table
from .terminal import progress_bars as progress_bars
from .train import Result as Result
from .train import train as train
