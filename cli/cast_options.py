"""The options that describe a cast: a format, a preset, and policies in place of the preset's."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..formats import Cast, Format, ScaleRule

#: For the end of a command's help: every name that the options take.
POLICY_NAMES = """\
names, told in docs/formats.md:
  --preset      ocp_v1, microxcaling, torchao, cublas, amd_even, p3109_v4
  --rounding    nearest_even, nearest_odd, nearest_away, nearest_zero, nearest_up,
                nearest_down, toward_zero, away_from_zero, down, up, to_odd,
                stochastic, stochastic_b, stochastic_c
  --overflow    saturate, saturate_finite, saturate_symmetric, wrap, infinity_or_nan,
                infinity_or_max, raise
  --nonfinite   propagate, element, raise
  --scale-rule  floor, ceil, rceil, even, midmax, and where the scale is a small float
                max, range
"""


def add_cast_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `cast_of` reads."""
    parser.add_argument("--format", metavar="NAME", required=True, help="see bitpde formats")
    cast = parser.add_argument_group("cast")
    add = cast.add_argument
    add("--preset", default="ocp_v1", metavar="NAME", help="whose policies (default: %(default)s)")
    add("--rounding", metavar="NAME", help="which neighbour, in place of the preset's")
    add("--overflow", metavar="NAME", help="beyond the largest value, likewise")
    add("--nonfinite", metavar="NAME", help="NaN and infinities in the file, likewise")
    add("--scale-rule", metavar="NAME", help="how a block chooses its scale, likewise")
    add("--random-bits", type=int, metavar="N", help="of stochastic rounding, 0 to 32")
    add("--seed", type=int, metavar="N", help="of stochastic rounding (default: 0)")
    text = "of an integer format: a code q is worth S (q - Z); S is taken to binary32"
    add("--scale", type=float, metavar="S", help=text)
    add("--zero-point", type=int, metavar="Z", help="goes with --scale (default: 0)")


def cast_of(arguments: argparse.Namespace) -> "Cast":
    """The cast that the options describe.

    Raises
    ------
    FormatError
        If a name is unknown, or the policies do not go with the format.
    """
    from ..formats import CAST_PRESETS, FormatError, NonFinite, Overflow, Rounding

    format = _format(arguments)
    if arguments.preset not in CAST_PRESETS:
        msg = f"--preset is {arguments.preset!r}: use one of {', '.join(CAST_PRESETS)}"
        raise FormatError(msg)
    kinds = {"rounding": Rounding, "overflow": Overflow, "nonfinite": NonFinite}
    given = {word: getattr(arguments, word) for word in kinds}
    asked: dict[str, Any] = {
        word: _policy(kinds[word], f"--{word}", name) for word, name in given.items() if name
    }
    cast = _preset(arguments, format)
    rounding = asked.get("rounding", cast.rounding)
    if rounding.is_stochastic and arguments.random_bits is None:
        msg = f"{rounding.value} rounding needs random bits: give --random-bits 0 to 32"
        raise FormatError(msg)
    cast = replace(cast, **asked, random_bits=arguments.random_bits or 0)
    if arguments.seed is not None and not cast.rounding.is_stochastic:
        msg = "--seed goes with stochastic rounding: leave it out"
        raise FormatError(msg)
    return cast


def cast_text(cast: "Cast") -> str:
    """The policies of a cast in the words of the options."""
    from ..formats import Affine, Block

    words = [cast.rounding.value, cast.overflow.value, cast.nonfinite.value]
    if cast.random_bits:
        words[0] += f" of {cast.random_bits} bits"
    if isinstance(cast.format, Block):
        words.append(f"scale rule {cast.scaling.rule.value}")
    if isinstance(cast.format, Affine):
        words.append(f"scale {cast.format.scale[0]!r}, zero point {cast.format.zero_point[0]}")
    return ", ".join(words)


def _format(arguments: argparse.Namespace) -> "Format":
    """The format of that name; integers with a scale are affine."""
    import numpy as np

    from ..formats import Affine, Fixed, FormatError, PowerOfTwo
    from ..validation import format_called

    format = format_called(arguments.format)
    if isinstance(format, PowerOfTwo):
        msg = f"{arguments.format} holds scales only: choose a block format that has it"
        raise FormatError(msg)
    if arguments.scale is None:
        if arguments.zero_point is not None:
            msg = "--zero-point goes with --scale: give the step of the integers too"
            raise FormatError(msg)
        return format
    if not isinstance(format, Fixed):
        msg = f"--scale is for integers, such as UINT8: leave it out for {arguments.format}"
        raise FormatError(msg)
    with np.errstate(over="ignore", under="ignore"):
        scale = float(np.float32(arguments.scale))
    if not 0 < scale < float("inf"):
        msg = f"--scale is {arguments.scale}: give a positive number that binary32 has"
        raise FormatError(msg)
    return Affine(element=format, scale=(scale,), zero_point=(arguments.zero_point or 0,))


def _preset(arguments: argparse.Namespace, format: "Format") -> "Cast":
    """The preset's cast, with a scale rule of one's own if there is one."""
    from ..formats import CAST_PRESETS, FormatError

    rule = _scale_rule(arguments, format)
    try:
        return CAST_PRESETS[arguments.preset](format, rule=rule)
    except FormatError as error:
        msg = f"the preset {arguments.preset} has no cast to {arguments.format}: {error}"
        raise FormatError(msg) from error


def _scale_rule(arguments: argparse.Namespace, format: "Format") -> "ScaleRule | None":
    """The rule that was asked for, which only blocks have."""
    from ..formats import Block, FormatError, ScaleRule

    if not arguments.scale_rule:
        return None
    if not isinstance(format, Block):
        msg = f"--scale-rule is for blocks, such as MXFP4_E2M1: {arguments.format} chooses no scale"
        raise FormatError(msg)
    rule: ScaleRule = _policy(ScaleRule, "--scale-rule", arguments.scale_rule)
    return rule


def _policy(kind: Any, option: str, name: str) -> Any:
    """The member of an enum whose value is ``name``; a hyphen counts as an underscore."""
    from ..formats import FormatError

    known = {member.value: member for member in kind}
    member = known.get(name.replace("-", "_"))
    if member is None:
        msg = f"{option} is {name!r}: use one of {', '.join(known)}"
        raise FormatError(msg)
    return member
