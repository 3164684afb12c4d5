"""Symptoms of the training as a whole."""
