"""Comparison with other implementations, value by value, on inputs chosen to tell them apart.

``python -m bitpde.validation.peers`` runs it.  Each peer has one module here, which says what it
shares with this library and calls it; none is imported before it is asked for.  Where a peer is
known to depart from the rule, an `Explanation` says from the input alone which elements that
touches, and names the row of the register (`bitpde.validation.register`) that tells why.  Every
other difference is a failure.
"""

from .command import add_arguments as add_arguments
from .command import run as run
from .compare import Tally as Tally
from .compare import compare as compare
from .pair import Explanation as Explanation
from .pair import Outcome as Outcome
from .pair import Pair as Pair
from .pair import PeerError as PeerError
from .peers import PEERS as PEERS
from .peers import Sources as Sources
from .peers import find_pair as find_pair
from .rows import recompute_theirs as recompute_theirs
