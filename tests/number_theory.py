"""What several tests ask of whole numbers."""


def is_prime(n: int) -> bool:
    """Return whether n < 3.3e24 is prime (Miller and Rabin; Sorenson and Webster 2015)."""
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
    if n < 2 or any(n % base == 0 for base in bases):
        return n in bases
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in bases:
        x = pow(base, odd, n)
        if x not in (1, n - 1) and all(pow(x, 2**k, n) != n - 1 for k in range(1, twos)):
            return False
    return True
