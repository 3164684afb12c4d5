"""snellen from within one's own code."""
