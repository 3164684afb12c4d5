"""Faults of the images and their labels."""
