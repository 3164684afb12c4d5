"""The report page of a large run: how long it takes to make and to open, and how large it is.

The run is made up: 50 convolutions with skip connections, 100 epochs, written as a training writes
it, with noise for maps, which compresses worst.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.row import Row
from snellen.core import Layer, LayerKind, Window, WindowKind
from snellen.diagnosis import diagnose
from snellen.record import Clock, Moment, RunWriter, read
from snellen.record.pictures import png
from snellen.report.document import document_of
from snellen.report.html.page import write_page
from snellen.report.html.runtime import chart_runtime
from snellen.report.parts.exhibit import exhibits
from snellen.stats import (
    ClassResponse,
    FilterImage,
    InputDependence,
    MapSummary,
    Targets,
    WeightState,
    WeightUpdate,
)
from snellen.symptoms import judge, outcomes

LAYERS, EPOCHS, STEPS = 50, 100, 100
"""Steps are those of an epoch."""
CLASSES, IMAGES, PICTURED = 10, 320, 8
WIDTHS = (64, 128, 256, 512)
REPEATS = 3


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        run, page = Path(folder) / "run.snellen", Path(folder) / "page.html"
        write_run(run)
        # The first page of a machine has the chart runtime bundled; all others find it.
        chart_runtime()
        taken = [made(run, page) for _ in range(REPEATS)]
        verdict, rendering = (sorted(column)[REPEATS // 2] for column in zip(*taken, strict=True))
        mib = run.stat().st_size / 2**20
        note = f"run file of {mib:.1f} MiB; reading and judging it {verdict:.2f} s more"
        yield Row(
            f"page of {LAYERS} layers, {EPOCHS} epochs: rendering, processor",
            rendering,
            "s",
            2.0,
            note,
        )
        yield Row("the same: size", page.stat().st_size / 1e6, "MB", 3.0, "one file")
        yield from opening(page)


def made(run: Path, page: Path) -> tuple[float, float]:
    """Seconds of processor time for reading and judging, and for rendering: on a machine that does
    nothing else, what passes."""
    started = time.process_time()
    contents = read(run)
    verdicts, endings = judge(contents), outcomes(contents)
    diagnoses = diagnose(contents, verdicts, endings)
    judged = time.process_time()
    document = document_of(contents, verdicts, endings, file=run.name, diagnoses=diagnoses)
    write_page(document, exhibits(contents, document, run), page)
    return judged - started, time.process_time() - judged


def opening(page: Path) -> Iterator[Row]:
    """Until the chosen layer's maps and slider are there; nothing where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        seconds: list[float] = []
        for _ in range(REPEATS):
            context = browser.new_context(offline=True)
            tab = context.new_page()
            tab.goto(page.as_uri())
            tab.wait_for_selector("html[data-ready]", state="attached")
            # By the browser's own clock, from the beginning of the navigation.
            ready = tab.evaluate("performance.getEntriesByName('ready')[0].startTime")
            seconds.append(float(ready) / 1e3)
            context.close()
        browser.close()
    yield Row("the same: interactive", sorted(seconds)[REPEATS // 2], "s", 1.0, "in Chromium")


def write_run(path: Path) -> None:
    random = np.random.default_rng(0)
    layers = network()
    last = EPOCHS * STEPS
    epochs = [epoch * STEPS for epoch in range(1, EPOCHS + 1)]
    looks = sorted({0, 1, 2, 3, 5, 8, 12, 18, 27, 41, 62, *epochs})
    pictured = {0, *(2**n * STEPS for n in range(7)), last}
    with RunWriter.create(path, {"script": "train.py", "training_seconds": 3600.0}) as writer:
        facts = {"steps": last, "epochs": EPOCHS, "steps_per_epoch": STEPS}
        number = writer.add_subject("Net", "torch", {**facts, "image_shape": [3, 64, 64]})
        writer.set_layers(number, layers)
        labels = Targets.of_classes(np.arange(IMAGES) % CLASSES)
        writer.add_statistic(number, 0, Clock.INLINE, "", "", labels)
        losses = 2.3 * np.exp(-np.arange(last) / 3000) + random.random(last) * 0.1
        writer.add_losses(number, "train", list(enumerate(losses.tolist())))
        for step in looks:
            writer.add_moment(number, Moment(step, Clock.PROBE, step // STEPS, step / 3, 0.4))
            writer.add_moment(number, Moment(step, Clock.INLINE, step // STEPS, step / 3, 0.1))
            for layer in layers:
                _look(writer, number, step, layer, random)
                if step in pictured:
                    _pictures(writer, number, step, layer, random)
            writer.thin(number)
        for layer in layers:
            shape = (CLASSES, layer.channels)
            values = random.random(shape)
            response = ClassResponse(np.full(CLASSES, 32), values, values, values)
            writer.add_statistic(number, last, Clock.PROBE, layer.name, "post", response)
        kernel = random.normal(size=(64, 3, 3, 3)).astype(np.float32)
        filters = FilterImage(kernel, kernel, 0, 0)
        writer.add_statistic(number, last, Clock.PROBE, layers[0].name, "", filters)


def network() -> list[Layer]:
    """A stage per width, each of half the positions; every other layer ends a skip connection."""
    layers: list[Layer] = []
    for place in range(LAYERS):
        stage = place * len(WIDTHS) // LAYERS
        side = 64 >> stage
        window = Window(WindowKind.CONV, (3, 3), (1, 1), (1, 1), (1, 1), (1, 1), (side, side))
        reads = (f"layer{place - 1}",) if place else ()
        layer = Layer(
            f"layer{place}", place, LayerKind.CONV, "Conv2d", WIDTHS[stage], (side, side), "relu",
            normalised=True, inputs=reads, window=window, paths=((),),
        )  # fmt: skip
        if place % 2 and place > 2:
            layer = replace(layer, inputs=(*reads, f"layer{place - 2}"), residual=True)
        layers.append(layer)
    return layers


def _look(
    writer: RunWriter, number: int, step: int, layer: Layer, random: np.random.Generator
) -> None:
    channels = layer.channels
    positions = layer.positions[0] * layer.positions[1]
    values = random.random(channels) * IMAGES * positions
    some = np.zeros(channels, np.int64)
    active = random.integers(0, IMAGES + 1, channels)
    for part in ("pre", "post"):
        summary = MapSummary(
            IMAGES, positions, values, values, values, np.zeros(channels), np.ones(channels),
            some, some, some, active, values,
        )  # fmt: skip
        writer.add_statistic(number, step, Clock.PROBE, layer.name, part, summary)
    fixed, varying = random.random(channels), random.random(channels)
    dependence = InputDependence(IMAGES, fixed, varying, fixed)
    writer.add_statistic(number, step, Clock.PROBE, layer.name, "post", dependence)
    none = np.zeros(0)
    state = WeightState(1 + fixed, 1 + varying, fixed, 1.0, 0, none, none)
    writer.add_statistic(number, step, Clock.PROBE, layer.name, "", state)
    update = WeightUpdate(10.0, 1.0, 0.1, 0.0, 0, 0.01, none)
    writer.add_statistic(number, step, Clock.INLINE, layer.name, "", update)


def _pictures(
    writer: RunWriter, number: int, step: int, layer: Layer, random: np.random.Generator
) -> None:
    for image in range(2):
        for channel in range(PICTURED):
            picture = png(random.random(layer.positions), 0.0, 1.0)
            writer.add_thumbnail(number, layer.name, step, image, channel, 0.0, 1.0, picture)
