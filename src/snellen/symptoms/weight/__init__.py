"""Symptoms of the weights themselves."""
