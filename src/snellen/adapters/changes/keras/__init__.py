"""Changes to trainings with Keras, one per file."""
