"""Re-running the user's own script under one change, beside an unchanged control."""
