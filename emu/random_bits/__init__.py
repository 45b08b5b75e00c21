"""Random bits as hardware makes them: shift registers, PCG32, XORWOW, in lanes."""
