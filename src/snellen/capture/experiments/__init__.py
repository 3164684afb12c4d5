"""Questions put to the trained model after its training, one per file."""
