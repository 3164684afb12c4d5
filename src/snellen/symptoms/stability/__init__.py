"""Symptoms of maps that do not settle over time."""
