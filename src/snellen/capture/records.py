"""Where what was seen of one subject goes: the run file's rows, and nothing decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from snellen.adapters.contract import Normalisation, Weights
from snellen.capture.examined import Key, normalisation_state
from snellen.capture.filters import Filters
from snellen.capture.look import Look, Picture, Remembered, settled
from snellen.core import Layer, LayerKind
from snellen.record import Clock, Moment, RunWriter
from snellen.stats import FilterImage, MapSummary, Statistic

MOVING = ("learning_rate", "weight_decay", "momentum")
"""Facts that schedules change: kept at every moment."""


class Records:
    """One subject's rows."""

    def __init__(self, writer: RunWriter, name: str, framework: str) -> None:
        self._writer = writer
        self._id = writer.add_subject(name, framework, {})
        self._losses: dict[str, list[tuple[int, float]]] = {}
        self._previous: dict[Key, Remembered] = {}

    def layers(self, layers: tuple[Layer, ...]) -> None:
        self._writer.set_layers(self._id, layers)

    def add(self, step: int, clock: Clock, layer: str, part: str, value: Statistic) -> None:
        self._writer.add_statistic(self._id, step, clock, layer, part, value)

    def maps(self, step: int, summaries: Mapping[Key, MapSummary]) -> None:
        """Map summaries of a training batch."""
        for (layer, part), summary in summaries.items():
            self.add(step, Clock.INLINE, layer, part, summary)

    def look(self, look: Look, step: int, layers: tuple[Layer, ...]) -> None:
        """All that a look at the probe gave, and how its maps compare with the look before."""
        for (layer, part), summary in look.summaries.items():
            self.add(step, Clock.PROBE, layer, part, summary)
        for (layer, part), dependence in look.dependence():
            self.add(step, Clock.PROBE, layer, part, dependence)
        for (layer, part), statistic in look.examination():
            self.add(step, Clock.PROBE, layer, part, statistic)
        # A second look at the same step would only be compared with itself.
        if all(before.step != step for before in self._previous.values()):
            now = look.remembered(settled(layers, look.summaries))
            for (layer, part), similarity in look.similarity(now, self._previous):
                self.add(step, Clock.PROBE, layer, part, similarity)
            self._previous = now
        self.pictures(step, look.pictures())

    def pictures(self, step: int, pictures: Iterable[Picture]) -> None:
        for p in pictures:
            self._writer.add_thumbnail(
                self._id, p.layer, step, p.image, p.channel, p.low, p.high, p.png
            )

    def filter_image(
        self,
        step: int,
        layers: tuple[Layer, ...],
        weights: Mapping[str, Weights],
        filters: Filters,
    ) -> None:
        """The first convolution's filters, as they are and as they began."""
        first = next((x.name for x in layers if x.kind is LayerKind.CONV), "")
        if first in weights and first in filters.initial:
            image = FilterImage.of(weights[first].kernel, filters.initial[first])
            self.add(step, Clock.PROBE, first, "", image)

    def normalisations(
        self, step: int, normalisations: Mapping[str, Normalisation], look: Look
    ) -> None:
        """Batch normalisations, and what they read of the probe at this look."""
        for name, normalisation in normalisations.items():
            read = look.summaries.get((name, "pre"))
            state = None if read is None else normalisation_state(normalisation, read)
            if state is not None:
                self.add(step, Clock.PROBE, name, "", state)

    def moment(
        self,
        step: int,
        clock: Clock,
        epoch: int | None,
        seconds: float,
        cost_seconds: float,
        facts: Mapping[str, Any],
    ) -> None:
        """A capture ended; old ones are thinned out."""
        moving = {key: facts[key] for key in MOVING if key in facts}
        self._writer.add_moment(self._id, Moment(step, clock, epoch, seconds, cost_seconds, moving))
        self._writer.thin(self._id)

    def loss(self, kind: str, step: int, value: float) -> None:
        self._losses.setdefault(kind, []).append((step, value))

    def facts(self, facts: Mapping[str, Any]) -> None:
        self._writer.update_facts(self._id, facts)

    def flush(self) -> None:
        for kind, points in self._losses.items():
            self._writer.add_losses(self._id, kind, points)
        self._losses = {}
        self._writer.flush()
