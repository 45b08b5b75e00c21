"""What all pictures share: colours, file kinds, and saving without a display."""

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from ..pde import COLOURS
from .array_file import ArrayFileError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES: Final = ("-", "--", "-.", ":")
_KINDS: Final = ("png", "pdf", "svg")


def picture_kind(path: Path) -> str:
    """The kind of picture that the name of a file asks for.

    Raises
    ------
    ArrayFileError
        If it ends in none of .png, .pdf and .svg.

    Examples
    --------
    >>> picture_kind(Path("fp8.PDF"))
    'pdf'
    """
    kind = path.suffix[1:].lower()
    if kind not in _KINDS:
        msg = f"{path} names no picture: let it end in .png, .pdf or .svg"
        raise ArrayFileError(msg)
    return kind


def line_styles(count: int) -> list[tuple[str, str]]:
    """Colour and dash of so many curves: told apart by colour, and without it by the dashes."""
    colours, styles = cycle(COLOURS), cycle(_STYLES)
    return [(next(colours), next(styles)) for _ in range(count)]


def save_picture(figure: "Figure", file: BinaryIO, kind: str) -> None:
    """Write the figure; its bytes name neither the time nor the version that made it."""
    metadata: dict[str, None] = {
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
        "svg": {"Date": None, "Creator": None},
    }[kind]
    figure.savefig(file, format=kind, dpi=160, metadata=metadata)
