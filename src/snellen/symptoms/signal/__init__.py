"""Symptoms of the signal on its way forward through the network."""
