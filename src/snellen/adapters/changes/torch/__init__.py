"""Changes to trainings with PyTorch, one per file."""
