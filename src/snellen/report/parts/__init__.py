"""What the report page shows of each model besides the verdict: plain values, one part per file.

Each part is a frozen dataclass and a function that makes it from the run. Nothing here judges, and
nothing knows of HTML.
"""
