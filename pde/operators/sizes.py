"""Networks between fields by name, at a size that trains in minutes."""

from typing import Any, Final

from ..errors import RunError
from .fno import FNO
from .network import OperatorNetwork
from .samples import Samples
from .transformer import Transformer
from .unet import UNet

#: The names of the networks.
MODELS: Final = ("fno", "unet", "transformer")
_WIDTHS: Final = {"fno": (24, 16), "unet": (16, 8), "transformer": (32, 32)}


def operator_named(
    name: str, samples: Samples, *, periodic: bool, width: int | None = None
) -> OperatorNetwork:
    """Return a network for the channels and the grid of ``samples``.

    Parameters
    ----------
    name
        One of `MODELS`.
    samples
        What it is trained on.
    periodic
        Whether fields go on at their end as they began: decides the padding of a Fourier neural
        operator and the border of convolutions.
    width
        Channels within; by default 24 or 16 for a Fourier neural operator on a line or in a plane,
        16 or 8 for a UNet, 32 for a transformer.

    Raises
    ------
    RunError
        For another name, or a grid that is too small.

    Examples
    --------
    >>> import numpy as np
    >>> samples = Samples(inputs=np.zeros((1, 256, 1)), targets=np.zeros((1, 256, 1)))
    >>> [operator_named(name, samples, periodic=True).parameter_count for name in MODELS]
    [59433, 678577, 36321]
    """
    if name not in MODELS:
        msg = f"there is no network {name!r}: use one of {', '.join(MODELS)}"
        raise RunError(msg)
    space = samples.space
    common: dict[str, Any] = {
        "inputs": samples.inputs.shape[-1],
        "outputs": samples.targets.shape[-1],
        "dimension": len(space),
        "width": _WIDTHS[name][len(space) - 1] if width is None else width,
    }
    if name == "fno":
        padding = 0 if periodic else -(-min(space) // 8)
        most = 12 if len(space) == 1 else 8
        modes = tuple(max(1, min(most, n // 2)) for n in space)
        return FNO(modes=modes, hidden=64, padding=padding, **common)
    if name == "unet":
        levels = max((k for k in (1, 2, 3, 4) if not any(n % 2**k for n in space)), default=1)
        groups = max(k for k in (1, 2, 4, 8) if common["width"] % k == 0)
        boundary = "periodic" if periodic else "zero"
        return UNet(levels=levels, groups=groups, boundary=boundary, **common)
    return Transformer(**common)
