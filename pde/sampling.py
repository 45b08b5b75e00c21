"""Points in the unit cube, as problems turn them into points of their domains."""

from enum import Enum

import numpy as np

from .nodes import Array
from .streams import Stream


class Sampling(Enum):
    """How points are spread; each is a function of (stream, step)."""

    #: independent and uniform
    UNIFORM = "uniform"
    #: scrambled Sobol sequence (Owen 1997), for counts that are powers of two
    SOBOL = "sobol"
    #: scrambled Halton sequence
    HALTON = "halton"
    #: one point in each of the slabs of every coordinate
    LATIN_HYPERCUBE = "latin-hypercube"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


def unit_points(sampling: Sampling, count: int, dimension: int, stream: Stream, step: int) -> Array:
    """Return ``count`` points in the open unit cube, or in [0, 1) if they are uniform.

    Notes
    -----
    *Exactness*: uniform ones are multiples of 2^-53 that depend on nothing but stream and step; the
    others are SciPy's (`scipy.stats.qmc`), scrambled by a generator seeded from these.

    Examples
    --------
    >>> stream = Stream(seed=0, name="sampling/domain")
    >>> unit_points(Sampling.SOBOL, 8, 2, stream, step=0).shape
    (8, 2)
    """
    if sampling is Sampling.UNIFORM:
        return stream.uniform((count, dimension), step)
    from scipy.stats import qmc

    kinds = {
        Sampling.SOBOL: qmc.Sobol,
        Sampling.HALTON: qmc.Halton,
        Sampling.LATIN_HYPERCUBE: qmc.LatinHypercube,
    }
    rng = np.random.default_rng([stream.key, step])
    engine = kinds[sampling](dimension, rng=rng)
    if sampling is not Sampling.SOBOL:
        return np.asarray(engine.random(count), np.float64)
    whole = engine.random_base2(max(0, (count - 1).bit_length()))
    return np.asarray(whole[:count] + 2.0**-31, np.float64)
