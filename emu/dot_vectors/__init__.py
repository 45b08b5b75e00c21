"""Dot products sixteen columns at a time, where floats in vectors have the defined bits."""
