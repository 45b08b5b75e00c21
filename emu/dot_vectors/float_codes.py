"""The codes of floats that are numbers of a format, by shifting their bits."""

from ...formats import kernel, scalar_kernels

float64_bits = scalar_kernels.float64_bits

_MAGNITUDE = (1 << 63) - 1


@kernel
def encode_rows(values, significand_bits, emin, steps, sign, minus_zero, codes, start, stop):
    """Rows start..stop of the codes of finite floats; exact.

    ``steps`` is how many least steps of the format make 1, as a float; ``sign`` the code of the
    sign; ``minus_zero`` says whether -0 has a code.  Preconditions: every value is a number of the
    format, whose normal numbers are normal in float64.
    """
    lowest = 1023 + emin
    for i in range(start, stop):
        for j in range(values.shape[1]):
            x = float(values[i, j])
            bits = float64_bits(x)
            size = bits & _MAGNITUDE
            if size >> 52 >= lowest:
                k = (size >> (52 - significand_bits)) - ((lowest - 1) << significand_bits)
            else:
                k = int(abs(x) * steps)
            codes[i, j] = k + sign if bits < 0 and (k != 0 or minus_zero) else k
