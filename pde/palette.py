"""The colours of lines in pictures."""

from typing import Final

#: Okabe and Ito's palette, distinguishable with any colour vision.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
