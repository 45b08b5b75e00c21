"""The kinds of specs this folder defines, by the names they have in JSON."""

from typing import Final

from .affine import Affine
from .block import Block
from .cast import Cast
from .fixed import Fixed
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo
from .scaling import Scaling

#: For `spec_from_json`.
SPEC_KINDS: Final[dict[str, type]] = {
    kind.__name__: kind for kind in (Affine, Block, Cast, Fixed, Minifloat, PowerOfTwo, Scaling)
}
