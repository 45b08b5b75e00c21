"""All studies of cells, by the names the command knows them by."""

from typing import Final

from ..cell_study import CellStudy
from .budget import BUDGET_STUDY
from .curves import BITS_STUDY, CHAOS_STUDY, WAYS_STUDY
from .study import QAT_STUDY

_STUDIES = (QAT_STUDY, BITS_STUDY, CHAOS_STUDY, WAYS_STUDY, BUDGET_STUDY)
CELL_STUDIES: Final[dict[str, CellStudy]] = {study.name: study for study in _STUDIES}
