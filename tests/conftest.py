"""What holds for every test: one name for each module, and time for kernels to compile."""

import sys
from pathlib import Path

import hypothesis

ROOT = Path(__file__).parents[1].resolve()

# ``python -m pytest`` puts the checkout itself on the path, and there ``import pde`` would find
# our folder: a second copy of ours, and in the way of the library of that name.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT]

# What several tests share is imported by name: ``from format_cases import ...``.
sys.path.append(str(Path(__file__).parent))

# The first example of a property may wait for a compilation, so no deadline per example.  The
# default run draws the same examples every time; ``--hypothesis-profile explore`` draws new ones.
hypothesis.settings.register_profile("bitpde", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("bitpde")
