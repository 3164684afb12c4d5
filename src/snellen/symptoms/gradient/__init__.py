"""Symptoms of the gradient on its way back through the network."""
