"""One loss for each pass over held-out data."""

from __future__ import annotations

from snellen.capture.evaluations import EvaluationPass


def test_a_pass_is_the_mean_of_its_batches() -> None:
    one = EvaluationPass()
    for value in (1.0, 2.0, 6.0):
        one.add(value, None)
    assert one.end() == 3.0
    assert one.end() is None


def test_batches_weigh_by_their_images_where_all_are_known() -> None:
    one = EvaluationPass()
    one.add(1.0, 30)
    one.add(5.0, 10)
    assert one.end() == 2.0
    one.add(1.0, 30)
    one.add(5.0, None)
    assert one.end() == 3.0
