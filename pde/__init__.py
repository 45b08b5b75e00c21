"""Problems and their training on a datapath.

Read `stein` for the derivatives, `poisson` for a problem, `step` for one training step, `train`
for the loop and `study` for the table.
"""

from .adam import Adam, AdamState
from .baselines import polynomial_baselines
from .catalogue import PROBLEMS, problem_named
from .checkpoint import State, load_checkpoint, save_checkpoint
from .errors import CheckpointError, RunError, TrainingError
from .estimators import ESTIMATORS, estimator_from_json, estimator_named
from .evaluate import field_errors, fields_at, held_out_points
from .field_errors import FieldErrors, relative_l2
from .fields import smoothed_fields
from .loss import Loss, soft_boundary_loss
from .metrics import Metrics, read_metrics
from .monte_carlo import SteinMonteCarlo
from .network import MLP
from .plot import plot_study
from .poisson import Poisson
from .problem import Problem
from .quadrature import SteinGaussHermite, SteinSparseGrid
from .report import Row, format_table, tier
from .run import Run
from .schedule import SCHEDULES, Constant, Exponential, Linear, Schedule, schedule_from_json
from .stein import Estimator, Nodes
from .step import initial_state, training_step
from .streams import Stream
from .study import Study, run_study
from .train import Result, train
