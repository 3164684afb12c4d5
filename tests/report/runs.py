"""Runs made by hand, for what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.core import Clear, Finding, Layer, LayerKind, Place, Severity, Undecided
from snellen.record import Clock, Entry, Event, Moment, RunContents, Subject
from snellen.stats import InputDependence, MapSummary

STEP = 40
IMAGES = 320


@dataclass(frozen=True)
class Said:
    """Evidence that says what it is told to."""

    text: str
    share: float = 0.5

    def sentence(self) -> str:
        return self.text


@dataclass(frozen=True)
class Turned:
    """How a training turned out."""

    harmed: bool | None
    reasons: tuple[str, ...]


def layer(name: str, index: int, channels: int, activation: str | None = "relu") -> Layer:
    return Layer(name, index, LayerKind.CONV, "Conv2d", channels, (8, 8), activation)


def summary(
    channels: int,
    *,
    silent: Sequence[int] = (),
    saturated: Sequence[int] = (),
    nonfinite: Sequence[int] = (),
    images: int = IMAGES,
) -> MapSummary:
    """Maps of 64 positions, all of them at 1 but for what is said of some channels."""
    values = np.full(channels, images * 64, np.float64)
    values[list(silent)] = 0.0
    beyond = np.zeros(channels, np.int64)
    beyond[list(saturated)] = images * 64
    broken = np.zeros(channels, np.int64)
    broken[list(nonfinite)] = 1
    return MapSummary(
        images=images,
        positions=64,
        sum=values,
        squares=values,
        magnitudes=values,
        minimum=np.zeros(channels),
        maximum=np.ones(channels),
        below=np.zeros(channels, np.int64),
        above=beyond,
        nonfinite=broken,
        active_images=np.where(values > 0, images, 0),
        image_mean_squares=values,
    )


def dependence(
    channels: int, *, constant: Sequence[int] = (), ratio: float = 0.0, images: int = IMAGES
) -> InputDependence:
    """Half of each channel's energy varies with the image, but for the constant ones' `ratio`."""
    varying = np.full(channels, 0.5)
    varying[list(constant)] = ratio
    return InputDependence(images, 1.0 - varying, varying, np.zeros(channels))


def subject(
    layers: Sequence[Layer],
    summaries: Mapping[str, MapSummary] | None = None,
    dependences: Mapping[str, InputDependence] | None = None,
    *,
    name: str = "Net",
    part: str = "post",
) -> Subject:
    """A model looked at once, at step 40; what is not given was healthy."""
    statistics: dict[tuple[str, str, str], tuple[Entry[Any], ...]] = {}
    for one in layers:
        maps = (summaries or {}).get(one.name, summary(one.channels))
        told = (dependences or {}).get(one.name, dependence(one.channels))
        statistics[one.name, f"map/{part}", Clock.PROBE] = (Entry(STEP, maps),)
        statistics[one.name, f"input-dependence/{part}", Clock.PROBE] = (Entry(STEP, told),)
    moments = (
        Moment(0, Clock.PROBE, None, 0.0, 0.05),
        Moment(STEP, Clock.PROBE, 0, 5.0, 0.05),
    )
    return Subject(name, "torch", {"steps": STEP}, tuple(layers), moments, {}, statistics)


def contents(
    *subjects: Subject, script: str = "train.py", events: Sequence[Event] = ()
) -> RunContents:
    return RunContents({"script": script}, subjects, tuple(events))


def finding(
    layer: str,
    text: str,
    *,
    code: str = "S01",
    symptom: str = "dead-channels",
    severity: Severity = Severity.ERROR,
    channels: Sequence[int] = (),
    subject: str = "Net",
    step: int | None = None,
    share: float = 0.5,
) -> Finding:
    place = Place(subject, layer, tuple(channels))
    return Finding(code, symptom, place, severity, Said(text, share), step)


def clear(layer: str, code: str = "S03", symptom: str = "saturated-maps") -> Clear:
    return Clear(code, symptom, Place("Net", layer))


def undecided(
    layer: str, needs: str, code: str = "S18", symptom: str = "unstable-maps"
) -> Undecided:
    return Undecided(code, symptom, Place("Net", layer), needs)
