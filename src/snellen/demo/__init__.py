"""The demo's training scripts: ordinary programs, watched from outside like any other."""
