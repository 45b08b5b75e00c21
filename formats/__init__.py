"""What the bits mean: formats, casts, coded arrays.

A number on the wire is an integer plus a *format*.  A format (`Fixed`, `Minifloat`, `Block`) says
which real each integer means; a `Cast` says how a real becomes such an integer; a `Coded` is an
array of such integers that knows its format.

>>> import numpy as np
>>> from bitpde.formats import Cast, SMX_INT8
>>> a = np.linspace(-1, 1, 30).reshape(5, 6)
>>> cast = Cast(format=SMX_INT8)
>>> bool(np.array_equal(cast.quantize(a.T), cast.quantize(a).T))
True
"""

from .affine import Affine as Affine
from .bit_order import BitOrder as BitOrder
from .block import Block as Block
from .cast import Cast as Cast
from .catalogue import BF16 as BF16
from .catalogue import BINARY4P2SF as BINARY4P2SF
from .catalogue import BINARY8P1UF as BINARY8P1UF
from .catalogue import BINARY8P3SE as BINARY8P3SE
from .catalogue import BINARY8P4SE as BINARY8P4SE
from .catalogue import CATALOGUE as CATALOGUE
from .catalogue import E8M0 as E8M0
from .catalogue import FNUZ_E4M3 as FNUZ_E4M3
from .catalogue import FNUZ_E4M3_B11 as FNUZ_E4M3_B11
from .catalogue import FNUZ_E5M2 as FNUZ_E5M2
from .catalogue import FP16 as FP16
from .catalogue import FP32 as FP32
from .catalogue import FP64 as FP64
from .catalogue import IEEE_E3M4 as IEEE_E3M4
from .catalogue import IEEE_E4M3 as IEEE_E4M3
from .catalogue import INT4 as INT4
from .catalogue import INT6 as INT6
from .catalogue import INT8 as INT8
from .catalogue import INT10 as INT10
from .catalogue import INT12 as INT12
from .catalogue import INT14 as INT14
from .catalogue import INT16 as INT16
from .catalogue import MXFP4_E2M1 as MXFP4_E2M1
from .catalogue import MXFP6_E2M3 as MXFP6_E2M3
from .catalogue import MXFP6_E3M2 as MXFP6_E3M2
from .catalogue import MXFP8_E4M3 as MXFP8_E4M3
from .catalogue import MXFP8_E5M2 as MXFP8_E5M2
from .catalogue import MXINT8 as MXINT8
from .catalogue import NVFP4 as NVFP4
from .catalogue import OCP_E2M1 as OCP_E2M1
from .catalogue import OCP_E2M3 as OCP_E2M3
from .catalogue import OCP_E3M2 as OCP_E3M2
from .catalogue import OCP_INT8 as OCP_INT8
from .catalogue import OFP8_E4M3 as OFP8_E4M3
from .catalogue import OFP8_E5M2 as OFP8_E5M2
from .catalogue import SMX_E2M1 as SMX_E2M1
from .catalogue import SMX_E2M3 as SMX_E2M3
from .catalogue import SMX_E3M2 as SMX_E3M2
from .catalogue import SMX_E4M3 as SMX_E4M3
from .catalogue import SMX_E5M2 as SMX_E5M2
from .catalogue import SMX_INT4 as SMX_INT4
from .catalogue import SMX_INT8 as SMX_INT8
from .catalogue import SMX_INT12 as SMX_INT12
from .catalogue import SMX_INT16 as SMX_INT16
from .catalogue import TF32 as TF32
from .catalogue import UE4M3 as UE4M3
from .catalogue import UINT4 as UINT4
from .catalogue import UINT8 as UINT8
from .catalogue import UINT16 as UINT16
from .catalogue import format_named as format_named
from .coded import Coded as Coded
from .coded import Format as Format
from .encode import Counts as Counts
from .encode import Encoding as Encoding
from .errors import FormatError as FormatError
from .exact import decode_exact as decode_exact
from .exact import round_exact as round_exact
from .exact_arrays import encode_array_exact as encode_array_exact
from .exact_arrays import encode_tile_exact as encode_tile_exact
from .exact_encode import encode_exact as encode_exact
from .fixed import Fixed as Fixed
from .jit import inlined_kernel as inlined_kernel
from .jit import kernel as kernel
from .jit import kernels_are_compiled as kernels_are_compiled
from .kinds import short_name as short_name
from .minifloat import Minifloat as Minifloat
from .minifloat import Specials as Specials
from .ml_dtypes_views import from_ml_dtypes as from_ml_dtypes
from .ml_dtypes_views import tiles_from_ml_dtypes as tiles_from_ml_dtypes
from .ml_dtypes_views import tiles_to_ml_dtypes as tiles_to_ml_dtypes
from .ml_dtypes_views import to_ml_dtypes as to_ml_dtypes
from .overflow import NonFinite as NonFinite
from .overflow import Overflow as Overflow
from .p3109 import p3109 as p3109
from .packed import Packed as Packed
from .packing import pack_codes as pack_codes
from .packing import unpack_codes as unpack_codes
from .power_of_two import PowerOfTwo as PowerOfTwo
from .powers import decode_powers as decode_powers
from .powers import encode_powers as encode_powers
from .powers import reciprocal_powers as reciprocal_powers
from .presets import CAST_PRESETS as CAST_PRESETS
from .presets import amd_even as amd_even
from .presets import cublas as cublas
from .presets import microxcaling as microxcaling
from .presets import ocp_v1 as ocp_v1
from .presets import p3109_v4 as p3109_v4
from .presets import torchao as torchao
from .random_bits import RandomBits as RandomBits
from .rounding import Rounding as Rounding
from .scaling import ScaleOverflow as ScaleOverflow
from .scaling import ScaleRule as ScaleRule
from .scaling import Scaling as Scaling
from .scaling import Subnormals as Subnormals
from .scaling import ZeroScale as ZeroScale
from .spec_kinds import SPEC_KINDS as SPEC_KINDS
from .specs import spec_from_json as spec_from_json
from .specs import spec_to_json as spec_to_json
from .threads import set_thread_count as set_thread_count
from .threads import split_work as split_work
from .threads import thread_count as thread_count
from .tiles import spread_tiles as spread_tiles
from .whole_file import whole_file as whole_file
