"""The formats that have a name, and where each comes from."""

from contextlib import suppress
from difflib import get_close_matches
from typing import Final

from ..formats import (
    CATALOGUE,
    E8M0,
    Block,
    Fixed,
    FormatError,
    Minifloat,
    PowerOfTwo,
    format_named,
)

Scalar = Fixed | Minifloat | PowerOfTwo
AnyFormat = Scalar | Block

#: The catalogue, and the scale of its blocks.
NAMED: Final[dict[str, AnyFormat]] = {**CATALOGUE, "E8M0": E8M0}

_IEEE: Final = "IEEE 754-2019, table 3.5"
_OFP8: Final = "OCP OFP8 v1.0, tables 1 and 2"
_ELEMENT: Final = "OCP MX v1.0, 5.3"
_CONCRETE: Final = "OCP MX v1.0, table 1"
_SQUARE: Final = "arXiv 2512.09202"
_P3109: Final = "IEEE P3109 Interim Report v4.0"
_PATTERN: Final = "the pattern of IEEE 754-2019, 3.4"

#: What defines each named format: a clause, a paper, or plain custom.
SOURCES: Final[dict[str, str]] = {
    **{name: "two's complement" for name in NAMED if name.startswith("INT")},
    **{name: "unsigned binary" for name in NAMED if name.startswith("UINT")},
    **dict.fromkeys(("FP64", "FP32", "FP16"), _IEEE),
    "BF16": "upper half of binary32; Google's bfloat16",
    "TF32": "NVIDIA A100 whitepaper, 2020",
    **dict.fromkeys(("IEEE_E4M3", "IEEE_E3M4"), _PATTERN),
    **dict.fromkeys(("OFP8_E4M3", "OFP8_E5M2"), _OFP8),
    **dict.fromkeys(("OCP_E3M2", "OCP_E2M3", "OCP_E2M1", "OCP_INT8"), _ELEMENT),
    "E8M0": "OCP MX v1.0, 5.4.1",
    **dict.fromkeys(("FNUZ_E4M3", "FNUZ_E5M2", "FNUZ_E4M3_B11"), "arXiv 2206.02915; CDNA 3 ISA"),
    "UE4M3": "PTX ISA, ue4m3",
    **dict.fromkeys(("BINARY8P3SE", "BINARY8P4SE", "BINARY4P2SF", "BINARY8P1UF"), _P3109),
    "NVFP4": "arXiv 2509.25149, appendix B",
    **dict.fromkeys(("MXFP8_E4M3", "MXFP8_E5M2", "MXFP6_E3M2", "MXFP6_E2M3"), _CONCRETE),
    **dict.fromkeys(("MXFP4_E2M1", "MXINT8"), _CONCRETE),
    **dict.fromkeys(("SMX_INT4", "SMX_INT8", "SMX_INT12", "SMX_INT16"), _SQUARE),
    **dict.fromkeys(("SMX_E4M3", "SMX_E5M2"), f"{_SQUARE}; {_OFP8}"),
    **dict.fromkeys(("SMX_E3M2", "SMX_E2M3", "SMX_E2M1"), f"{_SQUARE}; {_ELEMENT}"),
}


def format_called(name: str) -> AnyFormat:
    """The format of that name, or of a P3109 name; upper and lower case are the same.

    Raises
    ------
    FormatError
        If there is none; it lists the names that look like it.

    Examples
    --------
    >>> format_called("Binary6p3se").bits
    6
    >>> format_called("E4M3")
    Traceback (most recent call last):
        ...
    bitpde.formats.errors.FormatError: there is no format 'E4M3': did you mean OFP8_E4M3 or \
IEEE_E4M3 or FNUZ_E4M3 or FNUZ_E4M3_B11? bitpde formats lists them all
    """
    folded = {known.casefold(): known for known in NAMED}
    wanted = name.casefold()
    if wanted in folded:
        return NAMED[folded[wanted]]
    with suppress(FormatError):
        return format_named(name)
    near = [folded[match] for match in get_close_matches(wanted, folded, n=4, cutoff=0.6)]
    meant = [known for known in NAMED if len(wanted) > 2 and wanted in known.casefold()]
    guesses = list(dict.fromkeys([*meant, *near]))[:4]
    hint = f"did you mean {' or '.join(guesses)}? " if guesses else ""
    msg = f"there is no format {name!r}: {hint}bitpde formats lists them all"
    raise FormatError(msg)


def source_of(name: str) -> str | None:
    """What defines the format that `format_called` finds by ``name``; None if there is none.

    Examples
    --------
    >>> source_of("ofp8_e4m3"), source_of("Binary6p3se"), source_of("E4M3")
    ('OCP OFP8 v1.0, tables 1 and 2', 'IEEE P3109 Interim Report v4.0', None)
    """
    if name.upper() in SOURCES:
        return SOURCES[name.upper()]
    with suppress(FormatError):
        format_named(name)
        return _P3109
    return None


def name_of(format: AnyFormat) -> str:
    """The name of ``format``, else its ``repr``.

    Examples
    --------
    >>> name_of(Fixed(bits=8)), name_of(Fixed(bits=9))
    ('INT8', 'Fixed(bits=9, fraction_bits=0, signed=True)')
    """
    return next((name for name, known in NAMED.items() if known == format), repr(format))
