"""Faults of the network: its layers, their number, sizes and order."""
