"""Measure what a gallery program really does, without snellen.

`python -m gallery.measure PROGRAM... --framework torch` imports each program's script, does what
its `main` does, and prints one JSON object a line. Keras is named with its backend: `keras-jax`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gallery.benches.steps import Steps

GALLERY = Path(__file__).parent
FRAMEWORKS = ("torch", "keras-tensorflow", "keras-jax", "keras-torch")

Array = npt.NDArray[Any]


class Bench(Protocol):
    """One framework's way to look at a model."""

    def fresh(self) -> None:
        """Forgets what an earlier program left, so that layers get the names of a first run."""
        ...

    def seed(self, seed: int) -> None: ...

    def predict(self, model: Any, images: Any) -> Array:
        """The model's outputs in evaluation mode."""
        ...

    def probabilities(self, model: Any, output: Array) -> Array:
        """`(images, classes)`, from the outputs."""
        ...

    def loss(self, model: Any, script: ModuleType, images: Any, labels: Any) -> float:
        """The script's own loss, in evaluation mode."""
        ...

    def maps(self, model: Any, images: Any, see: Callable[[str, Array], None]) -> None:
        """Shows what each ReLU or sigmoid put out, channels second, in evaluation mode."""
        ...

    def kernels(self, model: Any) -> dict[str, Array]: ...

    def gradients(
        self, model: Any, script: ModuleType, images: Any, labels: Any
    ) -> dict[str, Array]:
        """Of the script's own loss on these images, in training mode, by kernel."""
        ...

    def steps(self, model: Any, images: Any) -> AbstractContextManager[Steps]:
        """Follows every update made inside the block; κ is taken on `images`."""
        ...


def load(program: str, framework: str) -> ModuleType:
    """The program's script as a module; its `main` is not run."""
    path = GALLERY / program / ("torch_train.py" if framework == "torch" else "keras_train.py")
    spec = importlib.util.spec_from_file_location(f"gallery_{program}", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Maps:
    """Per layer: in which images each channel was above zero, and how the maps vary."""

    def __init__(self) -> None:
        self.active: dict[str, Array] = {}
        self.by_image: dict[str, list[Array]] = {}
        self.squares: dict[str, float] = {}
        self.values: dict[str, int] = {}
        self.position_sums: dict[str, Array] = {}
        self.images: dict[str, int] = {}

    def see(self, name: str, maps: Array) -> None:
        flat = maps.reshape(*maps.shape[:2], -1).astype(np.float64)
        above = (flat > 0).any(axis=2).sum(axis=0)
        self.active[name] = self.active.get(name, 0) + above
        self.by_image.setdefault(name, []).append(flat.mean(axis=2))
        self.squares[name] = self.squares.get(name, 0.0) + float((flat**2).sum())
        self.values[name] = self.values.get(name, 0) + flat.size
        self.position_sums[name] = self.position_sums.get(name, 0) + flat.sum(axis=0)
        self.images[name] = self.images.get(name, 0) + len(flat)

    def dead(self) -> dict[str, str]:
        """`3/32`: channels above zero in none of the images."""
        return {name: f"{int((a == 0).sum())}/{len(a)}" for name, a in self.active.items()}

    def rms(self) -> dict[str, float]:
        return {n: _short(math.sqrt(self.squares[n] / self.values[n])) for n in self.squares}

    def image_share(self) -> dict[str, float | None]:
        """Share of the maps' energy that depends on the image (the catalogue's IDR)."""
        share: dict[str, float | None] = {}
        for name, sums in self.position_sums.items():
            total = self.squares[name]
            fixed = float((sums**2).sum()) / self.images[name]
            share[name] = _short(max(0.0, 1 - fixed / total)) if total else None
        return share

    def strength_ratio(self, labels: Array) -> dict[str, float | None]:
        """Mean map of the rarest class divided by that of the commonest."""
        classes, counts = np.unique(labels, return_counts=True)
        rare, common = classes[counts.argmin()], classes[counts.argmax()]
        ratios: dict[str, float | None] = {}
        for name, parts in self.by_image.items():
            means = np.concatenate(parts).mean(axis=1)
            below = float(means[labels == common].mean())
            ratios[name] = _short(float(means[labels == rare].mean()) / below) if below else None
        return ratios


def measure(program: str, framework: str, seed: int) -> dict[str, Any]:
    """Train the program once and say what was seen before and after."""
    bench: Bench = _torch_bench() if framework == "torch" else _keras_bench()
    script = load(program, framework)
    bench.fresh()
    bench.seed(seed)
    data = script.data(seed)
    model = script.build()
    labels = np.asarray(data[1]).reshape(-1).astype(int)
    facts: dict[str, Any] = {"program": program, "framework": framework, "seed": seed}
    facts["prior_loss"] = _short(prior_loss(labels))
    try:
        facts["before"] = _state(bench, model, script, data)
        # A label of the wrong form shows here for the first time.
        gradients = bench.gradients(model, script, data[0][:256], data[1][:256])
        kernels = {name: k.copy() for name, k in bench.kernels(model).items()}
        facts["relative_gradient"] = {
            name: _short(_norm(g) / _norm(kernels[name])) for name, g in gradients.items()
        }
        facts["first_layer_gradient_rms"] = _short(_rms(next(iter(gradients.values()))))
        with bench.steps(model, data[0][:64]) as steps:
            began = time.perf_counter()
            script.train(model, *data)
            facts["seconds"] = round(time.perf_counter() - began, 1)
    except ValueError as error:
        return facts | {"raised": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
    for name in ("first_update", "largest_update", "kappa"):
        facts[name] = {layer: _short(v) for layer, v in getattr(steps, name).items()}
    facts["after"] = _state(bench, model, script, data)
    facts["kernel_moved"] = {
        name: _short(_norm(k - kernels[name]) / _norm(kernels[name]))
        for name, k in bench.kernels(model).items()
    }
    if len(data) > 2:
        output = bench.probabilities(model, bench.predict(model, data[2]))
        test = np.asarray(data[3]).reshape(-1).astype(int)
        facts["test_accuracy"] = _short(float((output.argmax(axis=1) == test).mean()))
    return facts


def prior_loss(labels: Array) -> float:
    """Loss of the best constant prediction: the entropy of the labels."""
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(shares * np.log(shares)).sum())


def _state(bench: Bench, model: Any, script: ModuleType, data: Any) -> dict[str, Any]:
    labels = np.asarray(data[1]).reshape(-1).astype(int)
    # First of all, because it builds a model that has not been called yet.
    shares = bench.probabilities(model, bench.predict(model, data[0]))
    maps = Maps()
    for start in range(0, len(labels), 120):
        bench.maps(model, data[0][start : start + 120], maps.see)
    told = shares.argmax(axis=1)
    return {
        "loss": _short(bench.loss(model, script, data[0], data[1])),
        "accuracy": _short(float((told == labels).mean())),
        "recall": {int(k): _short(float((told[labels == k] == k).mean())) for k in set(labels)},
        "commonest_prediction_share": _short(float(np.bincount(told).max() / len(told))),
        "output_std_over_images": _short(float(shares.std(axis=0).max())),
        "dead": maps.dead(),
        "rms": maps.rms(),
        "image_share": maps.image_share(),
        "strength_rare_over_common": maps.strength_ratio(labels),
    }


def _norm(values: Array) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))


def _rms(values: Array) -> float:
    return _norm(values) / math.sqrt(values.size)


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _torch_bench() -> Bench:
    from gallery.benches import torch_bench

    return torch_bench


def _keras_bench() -> Bench:
    from gallery.benches import keras_bench

    return keras_bench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    parser.add_argument("--framework", choices=FRAMEWORKS, default="torch")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    given = parser.parse_args()
    if given.framework != "torch":
        os.environ["KERAS_BACKEND"] = given.framework.removeprefix("keras-")
    for program in given.programs:
        for seed in given.seeds:
            # What the script prints is not the measurement.
            with redirect_stdout(sys.stderr):
                facts = measure(program, given.framework, seed)
            print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
