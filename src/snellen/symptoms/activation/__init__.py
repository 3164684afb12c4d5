"""Symptoms of single maps: what a channel puts out, whatever the depth it sits at."""
