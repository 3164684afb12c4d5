"""Symptoms of how maps lie on the image: fields, grids, borders, lattices."""
