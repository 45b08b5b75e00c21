"""The studies of formats, derivatives, trains and their training, by their names in the command."""

from typing import Final

from .engine_study import ENGINE_STUDY
from .estimator_study import ESTIMATOR_STUDY
from .method_study import METHOD_STUDY
from .study import Study
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
STUDIES: Final[dict[str, Study]] = {study.name: study for study in _STUDIES}
