"""Symptoms of how head, loss and labels are put together."""
