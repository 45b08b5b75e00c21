"""How wrong a dot product can be: bounds before and while it is computed, and reports."""
