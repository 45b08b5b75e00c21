"""The studies of networks between fields, by their names in the command."""

from typing import Final

from ..study import Study
from .budget import BUDGET_STUDY
from .curves import BITS_STUDY, CHAOS_STUDY, WAYS_STUDY
from .study import QAT_STUDY

_STUDIES = (QAT_STUDY, BITS_STUDY, CHAOS_STUDY, WAYS_STUDY, BUDGET_STUDY)
OPERATOR_STUDIES: Final[dict[str, Study]] = {study.name: study for study in _STUDIES}
