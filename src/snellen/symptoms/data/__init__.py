"""Symptoms of the images that enter the network."""
