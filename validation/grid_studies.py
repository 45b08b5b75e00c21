"""All studies of a grid, by the names the command knows them by."""

from typing import Final

from .engine_study import ENGINE_STUDY
from .estimator_study import ESTIMATOR_STUDY
from .grid_study import GridStudy
from .method_study import METHOD_STUDY
from .tile_study import TILE_STUDY
from .tt_study import TT_STUDY
from .update_study import UPDATE_STUDY
from .width_study import WIDTH_STUDY

_STUDIES = (
    METHOD_STUDY,
    ESTIMATOR_STUDY,
    TT_STUDY,
    TILE_STUDY,
    WIDTH_STUDY,
    UPDATE_STUDY,
    ENGINE_STUDY,
)
GRID_STUDIES: Final[dict[str, GridStudy]] = {study.name: study for study in _STUDIES}
