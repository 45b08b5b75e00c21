"""All studies of a grid, by the names the command knows them by."""

from typing import Final

from .engine_study import ENGINE_STUDY
from .estimator_study import ESTIMATOR_STUDY
from .grid_study import GridStudy
from .tile_study import TILE_STUDY
from .tt_study import TT_STUDY

GRID_STUDIES: Final[dict[str, GridStudy]] = {
    study.name: study for study in (ESTIMATOR_STUDY, TT_STUDY, TILE_STUDY, ENGINE_STUDY)
}
