"""Faults of how the network is trained: its start, its steps and their number."""
