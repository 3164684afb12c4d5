"""Scripts that benchmarks run as a user would."""
