"""What is shown of a run: a plain `Document`, arranged for the terminal or as JSON.

Nothing here judges; "not measured" is never shown as "fine".
"""
