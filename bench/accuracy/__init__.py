"""How often snellen is right: the gallery's programs over several seeds, caught, missed and falsely
alarmed."""
