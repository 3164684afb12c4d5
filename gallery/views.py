"""What a fault looks like in the run file: one view per kind of evidence.

A view draws a pair of runs, the faulty one left and the mended one right, on one scale, into a PNG
and returns a caption. `VIEWS` says which view shows which symptom.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from snellen.core import Layer
from snellen.record import Clock, Subject, read, thumbnails
from snellen.stats import (
    ChannelStructure,
    ClassResponse,
    EffectiveField,
    Explanation,
    FilterImage,
    ImageAnswers,
    ImageAudit,
    InputDependence,
    MapSummary,
    NormalisationState,
    ShiftResponse,
    Similarity,
    Targets,
    WeightState,
    WeightUpdate,
)

Array = npt.NDArray[Any]
SIDES = ("faulty", "mended")
TILE = 44
"""Pixels of one map in a mosaic."""
GAP = 3
MARGIN = 18
"""Pixels between the two runs."""
PAPER = 255


@dataclass(frozen=True)
class Seen:
    """One run."""

    path: Path
    verdicts: list[dict[str, Any]]

    @cached_property
    def subject(self) -> Subject:
        return read(self.path).subjects[0]


@dataclass(frozen=True)
class Pair:
    left: Seen
    right: Seen
    finding: dict[str, Any]
    """The first finding of the symptom in the left run."""

    def sides(self) -> Iterator[tuple[str, Seen]]:
        yield SIDES[0], self.left
        yield SIDES[1], self.right

    @property
    def layer(self) -> str:
        """The layer of the finding; of one about the whole model, the last one with maps."""
        named = str(self.finding["layer"])
        drawn = [x.name for x in self.left.subject.layers if x.positions]
        return named if named in drawn else drawn[-1]


View = Callable[[Pair, Path], str]


# -- mosaics ---------------------------------------------------------------------------------------


def maps(pair: Pair, path: Path) -> str:
    """Channels (columns) of probe images (rows) of the layer of the finding."""
    mosaics = [_maps_of(seen, pair.layer) for _, seen in pair.sides()]
    _save(mosaics, path)
    return (
        f"Maps of layer `{pair.layer}` after the training: a column per channel, a row per probe "
        "image; black is the layer's smallest value, white its largest."
    )


def _maps_of(seen: Seen, layer: str) -> Array:
    names = [x.name for x in seen.subject.layers]
    name = layer if layer in names else names[0]
    drawn = list(thumbnails(seen.path, seen.subject.name, name))
    last = max((t.step for t in drawn), default=0)
    rows: dict[int, list[Array]] = {}
    for thumbnail in drawn:
        if thumbnail.step == last:
            with Image.open(io.BytesIO(thumbnail.png)) as picture:
                pixels = np.asarray(
                    picture.convert("L").resize((TILE, TILE), Image.Resampling.NEAREST)
                )
            rows.setdefault(thumbnail.image, []).append(pixels)
    return _grid(list(rows.values()))


def influence(pair: Pair, path: Path) -> str:
    """Where in the image the centre of the deepest maps looks."""
    shown = [_influence_of(seen) for _, seen in pair.sides()]
    _save([_grid([[_tile(x, 4 * TILE)]]) for x in shown], path)
    return (
        "How strongly each pixel moves the centre of the deepest maps, brightest where most; the "
        "frame is the image."
    )


def _influence_of(seen: Seen) -> Array:
    fields = [seen.subject.last(x.name, EffectiveField) for x in seen.subject.layers]
    known = [f.value.influence for f in fields if f is not None]
    return np.sqrt(known[-1]) if known else np.zeros((1, 1))


def saliency(pair: Pair, path: Path) -> str:
    """What the answers rest on."""
    mosaics: list[Array] = []
    for _, seen in pair.sides():
        last = seen.subject.last("", Explanation)
        found = last.value.maps if last is not None else np.zeros((1, 1, 1))
        mosaics.append(_grid([[_tile(m, 2 * TILE)] for m in found[:3]]))
    _save(mosaics, path)
    return "Gradient saliency of the answer for three probe images, brightest where largest."


def filters(pair: Pair, path: Path) -> str:
    """First-layer filters, and how they changed."""
    mosaics: list[Array] = []
    for _, seen in pair.sides():
        found = next(
            (f.value for x in seen.subject.layers if (f := seen.subject.last(x.name, FilterImage))),
            None,
        )
        if found is None or found.kernel.ndim != 4:
            mosaics.append(_grid([[_tile(np.zeros((1, 1)), TILE)]]))
            continue
        kernels = found.kernel[:12].mean(axis=1)
        changed = (
            (found.kernel - found.initial)[:12].mean(axis=1) if len(found.initial) else kernels
        )
        rows = [[_tile(k, TILE, centre=True) for k in side] for side in (kernels, changed)]
        mosaics.append(_grid(rows))
    _save(mosaics, path)
    return (
        "The first twelve filters of the first layer (above) and how training changed them "
        "(below); grey is zero."
    )


def _tile(values: Array, side: int, *, centre: bool = False) -> Array:
    finite = np.nan_to_num(np.asarray(values, np.float64))
    if centre:
        largest = float(np.abs(finite).max(initial=0.0)) or 1.0
        shares = 0.5 + 0.5 * finite / largest
    else:
        low, high = float(finite.min()), float(finite.max())
        shares = (finite - low) / (high - low) if high > low else np.zeros(finite.shape)
    picture = Image.fromarray(np.rint(255 * shares).astype(np.uint8))
    return np.asarray(picture.resize((side, side), Image.Resampling.NEAREST))


def _grid(rows: list[list[Array]]) -> Array:
    side = rows[0][0].shape[0] if rows and rows[0] else TILE
    columns = max((len(row) for row in rows), default=1)
    grid = np.full((len(rows) * (side + GAP) + GAP, columns * (side + GAP) + GAP), PAPER, np.uint8)
    for i, row in enumerate(rows):
        for j, tile in enumerate(row):
            top, left = GAP + i * (side + GAP), GAP + j * (side + GAP)
            grid[top : top + side, left : left + side] = tile
    return grid


def _save(mosaics: list[Array], path: Path) -> None:
    height = max(m.shape[0] for m in mosaics)
    width = sum(m.shape[1] for m in mosaics) + MARGIN * (len(mosaics) - 1)
    page = np.full((height, width), PAPER, np.uint8)
    left = 0
    for mosaic in mosaics:
        page[: mosaic.shape[0], left : left + mosaic.shape[1]] = mosaic
        left += mosaic.shape[1] + MARGIN
    Image.fromarray(page).save(path, optimize=True)


# -- charts ----------------------------------------------------------------------------------------


def losses(pair: Pair, path: Path) -> str:
    """Training loss, evaluation loss and the loss of guessing."""
    rows: list[dict[str, Any]] = []
    for side, seen in pair.sides():
        subject = seen.subject
        for kind in ("train", "objective", "eval", "val_loss"):
            series = subject.losses.get(kind)
            if series is None or (kind == "objective" and "train" in subject.losses):
                continue
            rows += [
                {"run": side, "step": int(s), "loss": float(v), "of": kind}
                for s, v in _thinned(series.steps, series.values)
            ]
    chart = (
        alt.Chart(_table(rows))
        .mark_line()
        .encode(
            x=alt.X("step:Q", title="step"),
            y=alt.Y("loss:Q", scale=alt.Scale(type="symlog"), title="loss (symlog)"),
            color=alt.Color("of:N", title=None),
        )
    )
    _chart(chart, path)
    return "Loss over the training, by what it was taken of."


def _thinned(steps: Array, values: Array, most: int = 300) -> Iterator[tuple[int, float]]:
    for block in np.array_split(np.arange(len(steps)), min(most, max(len(steps), 1))):
        finite = values[block][np.isfinite(values[block])] if len(block) else values[block]
        if len(finite):
            yield int(steps[block[0]]), float(finite.mean())


def by_depth(
    measure: Callable[[Subject, Layer], float], title: str, *, log: bool = False, what: str
) -> View:
    """A view of one number per layer."""

    def view(pair: Pair, path: Path) -> str:
        rows = [
            {"run": side, "depth": place + 1, "value": value, "layer": layer.name}
            for side, seen in pair.sides()
            for place, layer in enumerate(x for x in seen.subject.layers if x.weighted)
            if np.isfinite(value := measure(seen.subject, layer)) and (value > 0 or not log)
        ]
        scale = alt.Scale(type="log") if log else alt.Scale()
        chart = (
            alt.Chart(_table(rows))
            .mark_line(point=True)
            .encode(
                x=alt.X("depth:O", title="weight layer, input to output"),
                y=alt.Y("value:Q", title=title, scale=scale),
            )
        )
        _chart(chart, path)
        return what

    return view


def over_time(
    measure: Callable[[Subject, Layer], Iterable[tuple[int, float]]],
    title: str,
    *,
    log: bool = False,
    what: str,
) -> View:
    """A view of one number per layer and step."""

    def view(pair: Pair, path: Path) -> str:
        rows = [
            {"run": side, "step": step, "value": value, "layer": layer.name}
            for side, seen in pair.sides()
            for layer in seen.subject.layers
            if layer.weighted
            for step, value in measure(seen.subject, layer)
            if np.isfinite(value) and (value > 0 or not log)
        ]
        scale = alt.Scale(type="log") if log else alt.Scale()
        chart = (
            alt.Chart(_table(rows))
            .mark_line(point=True)
            .encode(
                x=alt.X("step:Q", title="step"),
                y=alt.Y("value:Q", title=title, scale=scale),
                color=alt.Color("layer:N", sort=None),
            )
        )
        _chart(chart, path)
        return what

    return view


def class_channels(pair: Pair, path: Path) -> str:
    """Mean answer of each channel to each class."""
    rows: list[dict[str, Any]] = []
    for side, seen in pair.sides():
        layers = [x for x in seen.subject.layers if not x.head and x.weighted]
        found = [(x, _last(seen.subject, x, ClassResponse)) for x in layers]
        known = [(x, r) for x, r in found if r is not None]
        if not known:
            continue
        _, response = known[-1]
        means = response.magnitudes / np.maximum(response.images, 1)[:, None]
        largest = means.max(axis=0, initial=0.0)
        shares = np.divide(means, largest, out=np.zeros_like(means), where=largest > 0)
        rows += [
            {"run": side, "class": k, "channel": c, "answer": float(shares[k, c])}
            for k in range(len(shares))
            for c in range(min(shares.shape[1], 48))
        ]
    chart = (
        alt.Chart(_table(rows))
        .mark_rect()
        .encode(
            x=alt.X("channel:O", axis=alt.Axis(labels=False, ticks=False)),
            y=alt.Y("class:O"),
            color=alt.Color("answer:Q", title="of its strongest class"),
        )
    )
    _chart(chart, path)
    return "How strongly each channel before the head answers to each class."


def recalls(pair: Pair, path: Path) -> str:
    """Share of each class answered rightly, and how often it came in training."""
    rows: list[dict[str, Any]] = []
    for side, seen in pair.sides():
        subject = seen.subject
        held_out = subject.last("", ImageAnswers, "held-out") or subject.last("", ImageAnswers)
        targets = subject.last("", Targets, "", Clock.INLINE)
        if targets is not None and len(targets.value.counts):
            shares = targets.value.priors
            if len(shares) == 1:
                # One output that answers yes or no: two classes.
                shares = np.array([1 - shares[0], shares[0]])
            rows += [
                {"run": side, "class": k, "share": float(s), "of": "training labels"}
                for k, s in enumerate(shares)
            ]
        if held_out is not None:
            answers = held_out.value
            for k in np.unique(answers.label[answers.label >= 0]):
                right = answers.chosen[answers.label == k] == k
                rows.append(
                    {
                        "run": side,
                        "class": int(k),
                        "share": float(right.mean()),
                        "of": "answered rightly",
                    }
                )
    chart = (
        alt.Chart(_table(rows))
        .mark_bar()
        .encode(
            x=alt.X("class:O"),
            xOffset="of:N",
            y=alt.Y("share:Q", scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("of:N", title=None),
        )
    )
    _chart(chart, path)
    return "Share of each class among the training labels, and share of it answered rightly."


def confidence(pair: Pair, path: Path) -> str:
    """Probability that the model gives to the labels of its training images."""
    rows: list[dict[str, Any]] = []
    for side, seen in pair.sides():
        last = seen.subject.last("", ImageAnswers)
        if last is not None:
            known = last.value.probability[np.isfinite(last.value.probability)]
            rows += [{"run": side, "probability": float(p)} for p in known]
    chart = (
        alt.Chart(_table(rows))
        .mark_bar()
        .encode(
            x=alt.X("probability:Q", bin=alt.Bin(maxbins=20, extent=[0, 1])),
            y=alt.Y("count()", title="probe images"),
        )
    )
    _chart(chart, path)
    return "Probability that the trained network gives to each image's own label."


def inputs(pair: Pair, path: Path) -> str:
    """Mean and spread of what enters the model, per channel."""
    rows: list[dict[str, Any]] = []
    for side, seen in pair.sides():
        last = seen.subject.last("", MapSummary, "input", Clock.INLINE)
        if last is None:
            continue
        for channel, (mean, std) in enumerate(
            zip(last.value.mean, np.sqrt(last.value.variance), strict=True)
        ):
            low, high = float(last.value.minimum[channel]), float(last.value.maximum[channel])
            rows.append(
                {"run": side, "channel": channel, "mean": float(mean), "low": low, "high": high}
                | {"from": float(mean - std), "to": float(mean + std)}
            )
    table = _table(rows)
    base = alt.Chart(table).encode(x=alt.X("channel:O", title="input channel"))
    scale = alt.Scale(type="symlog")
    whole = base.mark_rule().encode(
        y=alt.Y("low:Q", title="value (symlog)", scale=scale), y2="high:Q"
    )
    middle = base.mark_bar(size=14, opacity=0.6).encode(y=alt.Y("from:Q", scale=scale), y2="to:Q")
    _chart(whole + middle, path, table)
    return "Range (line) and mean ± standard deviation (bar) of what enters the network."


def audit(pair: Pair, path: Path) -> str:
    """What the training images and their batches are like."""
    rows: list[dict[str, Any]] = []
    for side, seen in pair.sides():
        last = seen.subject.last("", ImageAudit, "", Clock.INLINE)
        if last is None:
            continue
        a = last.value
        images, batches = max(a.images, 1), max(a.batches, 1)
        for name, share in (
            ("blank images", a.blank / images),
            ("exact duplicates", a.duplicates / images),
            ("near duplicates", a.near_duplicates / images),
            ("batches of one class", a.single_class_batches / batches),
        ):
            rows.append({"run": side, "what": name, "share": share})
    chart = (
        alt.Chart(_table(rows))
        .mark_bar()
        .encode(x=alt.X("share:Q", scale=alt.Scale(domain=[0, 1])), y=alt.Y("what:N", title=None))
    )
    _chart(chart, path)
    return "What the training images and batches of the first pass were like."


def _chart(chart: Any, path: Path, table: pd.DataFrame | None = None) -> None:
    sized = chart.properties(width=280, height=200)
    column = alt.Column("run:N", sort=list(SIDES), title=None)
    faceted = (
        sized.facet(column=column, data=table) if table is not None else sized.facet(column=column)
    )
    faceted.configure_view(stroke="#bbb").save(path, scale_factor=1.5)


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        raise ValueError("the runs hold nothing that this view shows; choose another in VIEWS")
    return pd.DataFrame(rows)


# -- measures --------------------------------------------------------------------------------------


def _last(subject: Subject, layer: Layer, kind: Any) -> Any:
    """The newest value after the layer's activation, else before it; `None` without one."""
    found = subject.last(layer.name, kind, "post") or subject.last(layer.name, kind, "pre")
    return None if found is None else found.value


def rms(subject: Subject, layer: Layer) -> float:
    summary = _last(subject, layer, MapSummary)
    return summary.rms if summary is not None else float("nan")


def image_dependence(subject: Subject, layer: Layer) -> float:
    found = _last(subject, layer, InputDependence)
    return found.layer_ratio if found is not None else float("nan")


def rank(subject: Subject, layer: Layer) -> float:
    found = _last(subject, layer, ChannelStructure)
    return found.effective_rank if found is not None else float("nan")


def gradient(subject: Subject, layer: Layer) -> float:
    updates = subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
    known = [u.value.relative_gradient for u in updates if np.isfinite(u.value.relative_gradient)]
    return float(np.median(known)) if known else float("nan")


def moved(subject: Subject, layer: Layer) -> float:
    state = subject.last(layer.name, WeightState)
    return state.value.moved if state is not None else float("nan")


def mean_shift(subject: Subject, layer: Layer) -> float:
    state = subject.last(layer.name, NormalisationState)
    return float(np.nanmedian(state.value.mean_shift)) if state is not None else float("nan")


def growth(subject: Subject, layer: Layer) -> Iterator[tuple[int, float]]:
    for entry in subject.history(layer.name, WeightState):
        known = entry.value.growth[np.isfinite(entry.value.growth)]
        if len(known):
            yield entry.step, float(np.median(known))


def update_size(subject: Subject, layer: Layer) -> Iterator[tuple[int, float]]:
    for entry in subject.history(layer.name, WeightUpdate, "", Clock.INLINE):
        yield entry.step, entry.value.relative_update


def gradient_size(subject: Subject, layer: Layer) -> Iterator[tuple[int, float]]:
    for entry in subject.history(layer.name, WeightUpdate, "", Clock.INLINE):
        yield entry.step, entry.value.gradient_norm


def stability(subject: Subject, layer: Layer) -> Iterator[tuple[int, float]]:
    part = "post" if subject.history(layer.name, Similarity, "post") else "pre"
    for entry in subject.history(layer.name, Similarity, part):
        yield entry.step, entry.value.cka


def field_of_view(subject: Subject, layer: Layer) -> float:
    found = subject.last(layer.name, EffectiveField)
    return found.value.side if found is not None else float("nan")


def shift(subject: Subject, layer: Layer) -> float:
    found = subject.last(layer.name, ShiftResponse)
    known = found.value.consistency if found is not None else np.zeros(0)
    known = known[np.isfinite(known)]
    return float(known.min()) if len(known) else float("nan")


weights_over_time = over_time(
    growth,
    "‖W‖ / ‖W₀‖ (median filter)",
    log=True,
    what="Norm of each layer's filters over the training, as a multiple of what they began with.",
)
gradients_over_time = over_time(
    gradient_size, "‖∂L/∂W‖", log=True, what="Gradient of each layer's kernel over the training."
)

VIEWS: dict[str, View] = {
    **dict.fromkeys(
        ("S01", "S02", "S03", "S04", "S05", "S06", "S07", "S12", "S27", "S29", "S33", "S34", "S37"),
        maps,
    ),
    "S08": by_depth(rms, "rms", log=True, what="Root mean square of each layer's maps."),
    "S09": by_depth(
        image_dependence,
        "share that depends on the image",
        log=True,
        what="Share of each layer's maps that depends on the image.",
    ),
    "S10": by_depth(
        gradient,
        "‖∂L/∂W‖ / ‖W‖",
        log=True,
        what="Relative gradient of each layer (median of steps).",
    ),
    "S11": gradients_over_time,
    "S13": by_depth(rank, "effective rank", what="Effective rank of each layer's maps."),
    "S14": by_depth(rank, "effective rank", what="Effective rank of each layer's maps."),
    "S15": class_channels,
    "S16": recalls,
    "S17": class_channels,
    "S18": over_time(
        stability,
        "CKA with the look before",
        what="Similarity of each layer's maps to the look before.",
    ),
    "S19": by_depth(
        moved,
        "‖W − W₀‖ / ‖W₀‖",
        log=True,
        what="How far each layer's weights moved in the training.",
    ),
    "S20": losses,
    "S21": losses,
    "S22": over_time(
        update_size, "‖ΔW‖ / ‖W‖", log=True, what="Relative size of each layer's updates."
    ),
    "S23": losses,
    "S24": weights_over_time,
    "S25": filters,
    "S26": weights_over_time,
    "S28": by_depth(
        shift,
        "correlation after a shift",
        what="How alike each layer's maps stay when the image moves by a few pixels (worst shift).",
    ),
    "S30": maps,
    "S31": influence,
    "S32": influence,
    "S35": by_depth(
        mean_shift,
        "|running − batch mean| / std",
        what="How far the running means of the normalisations lie from the means of the images.",
    ),
    "S36": by_depth(
        mean_shift,
        "|running − batch mean| / std",
        what="How far the running means of the normalisations lie from the means of the images.",
    ),
    "S38": inputs,
    "S39": inputs,
    "S40": audit,
    "S41": losses,
    "S42": losses,
    "S43": losses,
    "S44": confidence,
    "S45": losses,
    "S46": losses,
    "S47": maps,
    "S48": losses,
    "S49": losses,
    "S50": saliency,
    "S51": saliency,
    "S52": maps,
    "S53": audit,
    "S54": recalls,
    "S55": losses,
    "S56": losses,
    "S57": losses,
    "S58": losses,
    "S59": gradients_over_time,
    "S60": filters,
    "S61": by_depth(
        moved,
        "‖W − W₀‖ / ‖W₀‖",
        log=True,
        what="How far each layer's weights moved in the training.",
    ),
}
