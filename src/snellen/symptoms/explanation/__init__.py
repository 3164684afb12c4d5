"""Symptoms of what the network looks at, and of whether that can be told."""
