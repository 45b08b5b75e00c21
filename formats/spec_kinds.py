"""The kinds of specs this folder defines, by the names they have in JSON."""

from typing import Final

from .cast import Cast
from .kinds import FORMAT_KINDS
from .scaling import Scaling

#: For `spec_from_json`.
SPEC_KINDS: Final[dict[str, type]] = {**FORMAT_KINDS, "Cast": Cast, "Scaling": Scaling}
