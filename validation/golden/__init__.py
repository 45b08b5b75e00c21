"""Data files of the golden vectors."""
