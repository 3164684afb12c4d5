"""How each framework lets a model be looked at from outside."""
