"""What came of trying remedies, arranged for no medium in particular."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

from snellen.record import Thumbnail
from snellen.report.health import Health, LayerHealth
from snellen.report.shown import layers_of, pictures_of, recall_of
from snellen.symptoms import catalogue
from snellen.trials.course import Course, Judged, Word
from snellen.trials.measured import Measured
from snellen.trials.proof import CONTROL, by_arm
from snellen.trials.trial import Done
from snellen.trials.weighing import Effect


@dataclass(frozen=True)
class Spread:
    """One number over the seeds; NaN where no trial tells."""

    mean: float
    least: float
    most: float


@dataclass(frozen=True)
class Compared:
    """One measure of the training, without and with the remedy."""

    what: str
    before: Spread
    after: Spread


@dataclass(frozen=True)
class LayerCompared:
    """One layer's channels, without and with the remedy, in trials of the same seed."""

    layer: str
    before: LayerHealth
    after: LayerHealth

    @property
    def changed(self) -> bool:
        return self.before.channels != self.after.channels


@dataclass(frozen=True)
class SymptomCompared:
    """One symptom in most trials without the remedy, or in most with it."""

    code: str
    symptom: str
    before: int
    """Layers, or 1 for a model as a whole."""
    after: int


@dataclass(frozen=True)
class MapsCompared:
    """One channel's map of one probe image, without and with the remedy; of the layer `""`, the
    image itself."""

    layer: str
    image: int
    channel: int
    before: Thumbnail
    after: Thumbnail


@dataclass(frozen=True)
class RemedyFacts:
    """One remedy and what came of it."""

    code: str
    """Of the cause."""
    cause: str
    title: str
    lines: str
    """The remedy as code."""
    word: str
    """`best`, `helps`, `unclear`, `no gain`, `failed` or `not tried`."""
    said: str
    """What was different in its trials, after "with"; empty where there were none."""
    diff: str
    """The change of the script as a unified diff, which is what its trials ran; empty where the
    place was not sure, and the change was made at the framework's boundary."""
    unedited: str
    """Why it was, with the line to look at."""
    effect: Effect | None
    why: str
    """For what was not tried, and for what failed: why."""
    able: bool
    """Whether it can be tried at all."""

    def sentence(self) -> str:
        """What was measured, or why nothing was."""
        if self.effect is None or not self.effect.seeds:
            return self.why
        e = self.effect
        interval = f"; gain {e.gain:+.2f}, {e.low:+.2f} to {e.high:+.2f}" if isfinite(e.low) else ""
        return (
            f"with {self.said} the training comes {e.progress:.2f} of the way, without "
            f"{e.control:.2f} ({e.seeds} seed{'s' * (e.seeds != 1)}{interval})"
        )


@dataclass(frozen=True)
class MendedFacts:
    """The remedies of one training, tried against the unchanged script."""

    subject: str
    best: RemedyFacts | None
    """`None`: nothing helps surely."""
    remedies: tuple[RemedyFacts, ...]
    """All of them, the best among them, in the order in which they are worth trying."""
    measures: tuple[Compared, ...] = ()
    """Without the best remedy and with it; progress first."""
    layers: tuple[LayerCompared, ...] = ()
    gone: tuple[SymptomCompared, ...] = ()
    left: tuple[SymptomCompared, ...] = ()
    new: tuple[SymptomCompared, ...] = ()
    maps: tuple[MapsCompared, ...] = ()
    """Of two trials of one seed, by layer, image and channel; they show the same probe images where
    `same_images` says so."""
    same_images: bool | None = None
    """`None`: not known."""
    halted: str = ""
    """A sentence where the unchanged script, run again, fails or mostly trains well; then nothing
    was tried."""

    @property
    def headline(self) -> str:
        if self.best is not None:
            return self.best.title
        tried = sum(remedy.effect is not None for remedy in self.remedies)
        if not tried:
            return "No remedy was tried"
        return (
            f"None of {tried} remedies surely helps"
            if tried > 1
            else "The remedy does not surely help"
        )


def mended_facts(course: Course, done: Sequence[Done]) -> MendedFacts | None:
    """`None` where not even the unchanged script was run again for it."""
    own = course.own(done)
    if not own:
        return None
    judged = course.judged(own)
    facts = tuple(_remedy(one) for one in judged)
    place = next((n for n, one in enumerate(judged) if one.word is Word.BEST), None)
    subject, halted = course.case.subject.name, course.halted(own)
    if place is None:
        return MendedFacts(subject, None, facts, halted=halted)
    way = judged[place].way
    assert way is not None
    before = [one for one in own if one.trial.arm == CONTROL and one.usable]
    after = [one for one in own if one.trial.arm == way.arm and one.usable]
    trials = by_arm(own)
    gone, left, new = _symptoms(trials[CONTROL], trials[way.arm])
    return MendedFacts(
        subject,
        facts[place],
        facts,
        _measures(before, after, unseen=course.unseen(own)),
        _layers(before, after),
        gone,
        left,
        new,
        *_maps(before, after),
        halted,
    )


def _remedy(one: Judged) -> RemedyFacts:
    treatment, way = one.treatment, one.way
    # A script that failed once it was edited is no remedy to be written down.
    failed = bool(treatment.ways) and treatment.ways[0].in_script and way != treatment.ways[0]
    return RemedyFacts(
        treatment.code,
        treatment.cause,
        treatment.title,
        treatment.lines,
        one.word.value,
        way.said if way is not None and one.effect is not None else "",
        way.diff if way is not None and one.effect is not None else "",
        "the edited script failed" if failed else treatment.unedited,
        one.effect,
        one.why,
        bool(treatment.ways),
    )


def _measures(
    before: Sequence[Done], after: Sequence[Done], *, unseen: bool
) -> tuple[Compared, ...]:
    on = "held-out images" if unseen else "training images"
    asked: list[tuple[str, Callable[[Done], float]]] = [
        (f"progress, 0 to 1, on {on}", lambda one: _measured(one).progress(unseen=unseen)),
        ("macro recall, held-out images", lambda one: recall_of(one.shown, "held_out_recall")),
        ("macro recall, training images", lambda one: recall_of(one.shown, "recall")),
        ("training loss", lambda one: _measured(one).loss),
    ]
    every = (
        Compared(what, _spread(map(of, before)), _spread(map(of, after))) for what, of in asked
    )
    return tuple(one for one in every if isfinite(one.before.mean) or isfinite(one.after.mean))


def _measured(one: Done) -> Measured:
    return Measured.from_json(one.measured)


def _spread(values: map[float]) -> Spread:
    kept = [value for value in values if isfinite(value)]
    return Spread(sum(kept) / len(kept), min(kept), max(kept)) if kept else Spread(nan, nan, nan)


def _layers(before: Sequence[Done], after: Sequence[Done]) -> tuple[LayerCompared, ...]:
    """By trials of one seed, the first that both have."""
    for first in sorted(before, key=lambda one: one.trial.offset):
        for second in after:
            if first.trial.offset != second.trial.offset:
                continue
            now = {layer.layer: layer for layer in layers_of(second.shown)}
            return tuple(
                LayerCompared(
                    layer.layer,
                    layer,
                    # A remedy may change the layers' names, or their number.
                    now.get(layer.layer, LayerHealth(layer.layer, (Health.UNKNOWN,))),
                )
                for layer in layers_of(first.shown)
            )
    return ()


def _maps(
    before: Sequence[Done], after: Sequence[Done]
) -> tuple[tuple[MapsCompared, ...], bool | None]:
    """Those that both trials of a seed have, and whether the images they are of are the same."""
    then = next((p for one in before if (p := pictures_of(one.shown))), ())
    now = {
        (one.layer, one.image, one.channel): one
        for done in after
        for one in pictures_of(done.shown)
    }
    both = tuple(
        MapsCompared(one.layer, one.image, one.channel, one, now[key])
        for one in then
        if (key := (one.layer, one.image, one.channel)) in now
    )
    images = [one for one in both if not one.layer]
    same = all(one.before.png == one.after.png for one in images) if images else None
    return both, same


def _symptoms(
    before: Mapping[int, Measured], after: Mapping[int, Measured]
) -> tuple[tuple[SymptomCompared, ...], tuple[SymptomCompared, ...], tuple[SymptomCompared, ...]]:
    """Those gone, those left and those that are new."""
    then, now = _in_most(before), _in_most(after)
    every = [
        SymptomCompared(code, catalogue()[code].name, then.get(code, 0), now.get(code, 0))
        for code in sorted({*then, *now})
        if code in catalogue()
    ]
    return (
        tuple(one for one in every if not one.after),
        tuple(one for one in every if one.before and one.after),
        tuple(one for one in every if not one.before),
    )


def _in_most(trials: Mapping[int, Measured]) -> dict[str, int]:
    """Codes found in most trials, each with the layers in which it was."""
    count: dict[tuple[str, str], int] = {}
    for trial in trials.values():
        for place in trial.findings:
            count[place] = count.get(place, 0) + 1
    layers: dict[str, int] = {}
    for (code, _), times in count.items():
        if 2 * times > len(trials):
            layers[code] = layers.get(code, 0) + 1
    return layers
