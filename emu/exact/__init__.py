"""Dot products in rational arithmetic, step by step as their accumulators say: the oracles."""
