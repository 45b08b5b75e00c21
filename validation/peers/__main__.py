"""Compare with the peers: ``python -m bitpde.validation.peers``, as ``bitpde verify --peers``."""

import sys

from .command import main as main

if __name__ == "__main__":
    sys.exit(main())
