"""Which causes are told, of which subjects, and in which words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from report import diagnoses as made
from report import runs
from snellen.core import Severity, Verdict
from snellen.diagnosis import Diagnosis, Tie
from snellen.report.explanation import Explanation, explanations, headline

FAULT = runs.finding("conv1", "x")


def explained(*diagnoses: Diagnosis, several: bool = False) -> str:
    faults = [runs.finding("conv1", "x", subject=d.subject) for d in diagnoses]
    return headline(explanations(diagnoses, faults, {}), several=several)


@pytest.mark.parametrize(
    ("diagnoses", "said"),
    [
        ([], ""),
        ([made.sound()], ""),
        ([made.diagnosis()], "Unknown cause"),
        ([made.diagnosis(made.believed(made.LongSteps, -0.01))], "Unknown cause"),
        ([made.diagnosis(made.believed(made.LongSteps, 0.01))], "Steps too long (possible)"),
        ([made.diagnosis(made.believed(made.LongSteps, 0.9))], "Steps too long (likely)"),
        (
            [
                made.diagnosis(
                    made.believed(made.LongSteps, 3.0),
                    made.believed(made.DarkImages, 0.1),
                    made.believed(made.FewWeights, -1.0),
                )
            ],
            "Steps too long (likely), dark images (possible)",
        ),
        (
            [
                made.diagnosis(
                    made.believed(made.LongSteps, 1.5),
                    made.believed(made.DarkImages, 1.0),
                    made.believed(made.FewWeights, 0.9),
                    tie=Tie("steps-too-long", "dark-images", "try both"),
                )
            ],
            "Steps too long or dark images (likely), few weights (likely)",
        ),
    ],
)
def test_the_headline_names_what_is_believed(diagnoses: list[Diagnosis], said: str) -> None:
    assert explained(*diagnoses) == said


def test_the_headline_names_the_models_where_there_are_several() -> None:
    steep = made.believed(made.LongSteps, 3.0)
    found = explained(
        made.diagnosis(steep, subject="Net"),
        made.diagnosis(steep, subject="Net#2"),
        made.diagnosis(subject="Net#3"),
        several=True,
    )
    assert found == "Steps too long (likely) in Net and Net#2, unknown cause in Net#3"


def test_of_many_beliefs_the_headline_names_three() -> None:
    kinds = (made.LongSteps, made.DarkImages, made.FewWeights, made.DampPaper)
    found = explained(made.diagnosis(*(made.believed(kind, 2.0) for kind in kinds)))
    assert found.endswith("few weights (likely), 1 more")


@pytest.mark.parametrize(
    ("verdicts", "harmed", "told"),
    [
        ([FAULT], False, True),
        ([runs.finding("conv1", "x", severity=Severity.WARNING)], None, True),
        ([], True, True),
        ([runs.finding("conv1", "x", severity=Severity.NOTE)], False, False),
        ([runs.finding("conv1", "x", subject="another")], False, False),
        ([runs.undecided("conv1", "more")], None, False),
        ([], False, False),
    ],
)
def test_only_what_is_shown_to_be_wrong_is_explained(
    verdicts: Sequence[Verdict], harmed: bool | None, told: bool
) -> None:
    diagnosis = made.diagnosis(made.believed(made.LongSteps, 3.0))
    found = explanations([diagnosis], verdicts, {"Net": runs.Turned(harmed, ())})
    assert [e.subject for e in found] == (["Net"] if told else [])


def one(diagnosis: Diagnosis) -> Explanation:
    [found] = explanations([diagnosis], [FAULT], {})
    return found


def test_causes_believed_less_than_the_unknown_one_are_kept_apart() -> None:
    found = one(
        made.diagnosis(
            made.believed(made.LongSteps, 1.0),
            made.believed(made.DarkImages, 0.0),
            made.believed(made.FewWeights, -0.1),
        )
    )
    assert [cause.code for cause in found.believed] == ["C90", "C91"]
    assert [cause.code for cause in found.possible] == ["C92"]
    assert not found.unknown


def test_evidence_that_weighs_nothing_is_no_evidence() -> None:
    found = one(
        made.diagnosis(made.candidate(made.LongSteps, made.term(3.0, "a"), made.term(0.0, "b")))
    )
    [cause] = found.believed
    assert [reason.sentence for reason in cause.evidence] == ["a"]
    assert cause.log_odds == pytest.approx(1.0)
