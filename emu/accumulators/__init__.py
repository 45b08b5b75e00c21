"""Accumulators as values: how the products of a dot product become one number."""
