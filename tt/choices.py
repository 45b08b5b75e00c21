"""What a layer of tensor-train weights lets choose: form, plan and start."""

from enum import Enum


class TTForm(Enum):
    """Which axes a core has."""

    #: each input and each output index has a core of its own: first the inputs', then the outputs'
    TT = "tt"
    #: the k-th input and the k-th output index share a core: a `TTMatrix`
    TTM = "ttm"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


class TTPlan(Enum):
    """In which order rows and cores are multiplied."""

    #: the rows with one core after the other, each a product of the machine
    SEQUENTIAL = "sequential"
    #: the cores left and right of the middle to two matrices, on the vector unit; then the rows
    #: with the one and the result with the other: partial reconstruction
    HALF_MERGED = "half_merged"
    #: all cores to W, on the vector unit; then the rows with W
    FULL = "full"

    __repr__ = Enum.__str__


class TTStart(Enum):
    """How first values of cores are drawn."""

    #: independent normal numbers of one deviation; W has the target variance in expectation
    INDEPENDENT = "independent"
    #: all cores but the last have orthonormal columns; W has the target variance as it is drawn
    LEFT_ORTHOGONAL = "left_orthogonal"
    #: the same W in the gauge where all cores have one norm
    BALANCED = "balanced"

    __repr__ = Enum.__str__
