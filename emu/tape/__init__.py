"""The tape: operations on nodes, their derivatives, what they did, and what they lost."""
