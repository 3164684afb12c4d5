"""Symptoms of normalisation layers and of the statistics they keep."""
