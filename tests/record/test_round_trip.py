"""What is written comes back as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from record.samples import layer, moment, statistic, weights, write_run
from snellen.core import Layer, LayerKind
from snellen.record import (
    Clock,
    Event,
    Moment,
    RunWriter,
    Thumbnail,
    read,
    thumbnails,
    verdicts,
)
from snellen.stats import MapSummary, Statistic, TargetKind, Targets, WeightState


@pytest.mark.parametrize("kind", Statistic.registry.values(), ids=lambda kind: kind.name)
def test_every_statistic(tmp_path: Path, kind: type[Statistic]) -> None:
    before = statistic(kind)
    with RunWriter.create(tmp_path / "run", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        writer.add_statistic(subject, 7, Clock.PROBE, "c1", "pre", before)

    (entry,) = read(tmp_path / "run").subjects[0].history("c1", kind, "pre")

    assert entry.step == 7
    assert type(entry.value) is kind
    for name, value in vars(before).items():
        after = getattr(entry.value, name)
        assert type(after) is type(value), name
        np.testing.assert_array_equal(after, value, err_msg=name)
        if isinstance(value, np.ndarray):
            assert after.dtype == value.dtype, name
            assert np.array_equal(np.signbit(after), np.signbit(value)), name


def test_what_comes_back_can_be_worked_with(tmp_path: Path) -> None:
    table = np.ones((3, 2, 8))
    with RunWriter.create(tmp_path / "run", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        writer.add_statistic(subject, 0, Clock.PROBE, "c", "pre", MapSummary.of(table, 4))
        writer.add_statistic(subject, 0, Clock.INLINE, "", "", Targets.of_classes(np.array([0, 2])))
        writer.add_statistic(subject, 1, Clock.INLINE, "", "", Targets.none())

    net = read(tmp_path / "run").subjects[0]
    summary = net.history("c", MapSummary, "pre")[0].value
    labels, none = (x.value for x in net.history("", Targets, clock=Clock.INLINE))

    assert (summary + summary).images == 6
    assert (labels + labels).counts.tolist() == [2, 0, 2]
    assert none.kind == TargetKind.NONE
    assert none.counts.shape == (0,)


def test_subjects_are_kept_apart(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", {}) as writer:
        first = writer.add_subject("Net", "torch", {"parameters": 10})
        second = writer.add_subject("Net#2", "torch", {})
        writer.add_moment(second, moment(0))
        writer.add_moment(first, moment(3, Clock.INLINE))
        writer.add_losses(first, "train", [(0, 2.5)])
        writer.update_facts(first, {"steps": 9})
        writer.update_facts(first, {"parameters": 11})

    one, two = read(tmp_path / "run").subjects

    assert (one.name, two.name) == ("Net", "Net#2")
    assert one.facts == {"parameters": 11, "steps": 9}
    assert one.moments == (moment(3, Clock.INLINE),)
    assert two.moments == (moment(0),)
    assert (list(one.losses), list(two.losses)) == (["train"], [])


def test_layers_replace_those_set_before(tmp_path: Path) -> None:
    full = Layer(
        name="features.0#2",
        index=0,
        kind=LayerKind.ACTIVATION,
        type_name="relu",
        channels=8,
        positions=(4, 5, 6),
        activation=None,
        inputs=("a", "b"),
        residual=True,
        weight_shape=(8, 1, 3, 3),
        output_activation="softmax",
    )
    with RunWriter.create(tmp_path / "run", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        writer.set_layers(subject, [layer("x"), layer("y", 1), layer("z", 2)])
        writer.flush()
        writer.set_layers(subject, [full, layer("c2", 1, head=True)])

    assert read(tmp_path / "run").subjects[0].layers == (full, layer("c2", 1, head=True))


def test_moments_come_back_in_the_order_of_capture(tmp_path: Path) -> None:
    order = [Moment(0, Clock.PROBE, None, 0.0, 0.25), moment(0, Clock.INLINE), moment(5), moment(2)]
    with RunWriter.create(tmp_path / "run", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        for each in order:
            writer.add_moment(subject, each)

    assert list(read(tmp_path / "run").subjects[0].moments) == order


def test_the_second_value_of_a_step_takes_the_place_of_the_first(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        for value in (weights(1), weights(2)):
            writer.add_statistic(subject, 4, Clock.PROBE, "c", "", value)
            writer.flush()

    (entry,) = read(tmp_path / "run").subjects[0].history("c", WeightState)
    assert entry.value.largest == 2.0


def test_losses_join_over_flushes(tmp_path: Path) -> None:
    points = [(0, 2.3), (1, float("nan")), (1, float("inf")), (2, 1 / 3)]
    with RunWriter.create(tmp_path / "run", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        for point in points:
            writer.add_losses(subject, "train", [point])
            writer.flush()
        writer.add_losses(subject, "val_loss", [(2, 1.0)])

    losses = read(tmp_path / "run").subjects[0].losses

    assert losses["train"].steps.tolist() == [0, 1, 1, 2]
    np.testing.assert_array_equal(losses["train"].values, [value for _, value in points])
    assert losses["val_loss"].values.tolist() == [1.0]


def test_manifest_events_and_verdicts(tmp_path: Path) -> None:
    rows = [{"symptom": "dead-channels", "channels": (1, 2), "share": np.float64(0.5)}, {"x": None}]
    with RunWriter.create(tmp_path / "run", {"script": Path("train.py"), "argv": ["-x"]}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        writer.set_verdicts([{"old": True}, {"old": True}, {"old": True}])
        writer.flush()
        writer.set_verdicts(rows)
        writer.add_event("note", "first")
        writer.add_event("stopped", "second", step=3, subject=subject)
        writer.update_manifest({"argv": ["-y"], "overhead": 0.01})

    run = read(tmp_path / "run")

    assert run.manifest == {
        "script": "train.py",
        "argv": ["-y"],
        "overhead": 0.01,
        "closed": True,
    }
    assert run.events == (Event("note", "first"), Event("stopped", "second", 3, "Net"))
    assert verdicts(tmp_path / "run") == [
        {"symptom": "dead-channels", "channels": [1, 2], "share": 0.5},
        {"x": None},
    ]


def test_thumbnails_are_read_one_layer_or_one_step_at_a_time(tmp_path: Path) -> None:
    write_run(tmp_path / "run", steps=3)

    every = list(thumbnails(tmp_path / "run", "Net", "c1"))

    assert [x.step for x in every] == [0, 1, 2]
    assert list(thumbnails(tmp_path / "run", "Net", "c1", step=1)) == [
        Thumbnail("Net", "c1", 1, 0, 1, 0.0, 1.0, b"picture 1")
    ]
    assert list(thumbnails(tmp_path / "run", "Net", "c2")) == []
    assert list(thumbnails(tmp_path / "run", "Other", "c1")) == []


def test_a_statistic_unknown_here_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "run", steps=1)
    monkeypatch.delitem(Statistic.registry, "weights")

    run = read(tmp_path / "run")

    assert run.subjects[0].statistics == {}
    assert [x.kind for x in run.events] == ["note", "note"]
    assert "weights" in run.events[-1].text


def test_a_statistic_with_a_field_unknown_here_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "run", steps=1)
    monkeypatch.setitem(Statistic.registry, "weights", Targets)

    assert "weights" in read(tmp_path / "run").events[-1].text


def test_what_is_no_plain_value_is_refused_where_it_is_given(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", {}) as writer:
        with pytest.raises(TypeError, match="only plain JSON values"):
            writer.update_manifest({"model": object()})
        writer.update_manifest({"fine": 1})

    assert read(tmp_path / "run").manifest == {"closed": True, "fine": 1}
