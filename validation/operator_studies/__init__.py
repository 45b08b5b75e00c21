"""Studies of networks between fields: errors against widths, resolutions and cost.

They are apart because they import all of `pde.operators`, which no other command needs.
"""

from .catalogue import OPERATOR_STUDIES as OPERATOR_STUDIES
from .proxy import proxy_study as proxy_study
from .study import QAT_STUDY as QAT_STUDY
