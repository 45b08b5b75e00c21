"""Where two accumulators part: the search for a smallest dot product."""
