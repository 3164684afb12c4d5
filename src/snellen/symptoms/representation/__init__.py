"""Symptoms of what maps tell: how alike channels are, and how they answer to classes."""
