"""Faults of how network, loss, labels and optimiser are put together."""
