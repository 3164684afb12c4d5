"""`snellen symptoms`: what snellen can find."""

from __future__ import annotations

import typer


def symptoms() -> None:
    """List the symptoms that snellen knows."""
    from snellen.report.pages import first_sentence
    from snellen.symptoms import catalogue

    for symptom in catalogue().values():
        typer.echo(f"{symptom.code}  {symptom.name:<26} {first_sentence(symptom)}")
