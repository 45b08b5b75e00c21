"""The functions of the vector unit: correctly rounded, from tables, piecewise."""
