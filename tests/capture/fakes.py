"""A small network in NumPy that answers all that a model is asked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array, Glimpse, Normalisation, Pass, Weights
from snellen.core import Layer, LayerKind, Window, WindowKind
from snellen.stats.kernels import map_table


def softmax(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


class FakeModel:
    """A 1 × 1 convolution with its activation, the mean over positions, and a dense layer; loss:
    cross-entropy of its logits. Written out, derivatives included."""

    name, framework, shows_gradients = "Fake", "torch", True

    def __init__(
        self,
        channels: int = 3,
        hidden: int = 4,
        classes: int = 3,
        *,
        activation: str = "relu",
        side: int = 16,
    ) -> None:
        random = np.random.default_rng(0)
        self.kernels = {
            "conv": random.normal(size=(hidden, channels)),
            "head": random.normal(size=(classes, hidden)),
        }
        self.activation = activation
        self.batch_offset = 0.0
        """What batch statistics add to the first logit."""
        self.asked: list[tuple[str, int]] = []
        window = Window(WindowKind.CONV, (1, 1), (1, 1), (1, 1), (0, 0), (0, 0), (side, side))
        pool = Window(WindowKind.GLOBAL_POOL, positions=(side, side))
        self.layers = (
            Layer(
                "conv", 0, LayerKind.CONV, "Conv2d", hidden, (side, side), activation=activation,
                weight_shape=(hidden, channels, 1, 1), window=window, paths=((),),
            ),
            Layer(
                "head", 1, LayerKind.DENSE, "Linear", classes, (), inputs=("conv",), head=True,
                weight_shape=(classes, hidden), paths=((pool,),),
            ),
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        return {}

    def _forward(self, x: Array) -> tuple[Array, Array, Array]:
        z = np.einsum("oc,nchw->nohw", self.kernels["conv"], x.astype(np.float64))
        a = np.maximum(z, 0) if self.activation == "relu" else z
        return z, a, a.mean(axis=(2, 3)) @ self.kernels["head"].T

    def look(self, inputs: Any, labels: Any, see: Callable[[Glimpse], None]) -> Pass:
        self.asked.append(("look", len(inputs)))
        z, a, logits = self._forward(inputs)
        conv, head = self.layers
        for layer, part, maps in ((conv, "pre", z), (conv, "post", a), (head, "pre", logits)):
            see(
                Glimpse(
                    layer,
                    part,
                    lambda low, high, m=maps: map_table(m, low, high),
                    int(np.prod(maps.shape[2:])),
                    lambda m=maps: m,
                )
            )
        return Pass(self.layers, logits, self._loss(logits, labels))

    def _loss(self, logits: Array, labels: Any) -> float:
        if labels is None:
            return float("nan")
        shares = softmax(logits)
        return float(-np.log(shares[np.arange(len(labels)), labels]).mean())

    def answer(
        self, inputs: Any, labels: Any, *, batch_statistics: bool = False
    ) -> tuple[Array | None, float]:
        self.asked.append(("answer", len(inputs)))
        logits = self._forward(inputs)[2]
        if batch_statistics:
            logits = logits + np.eye(logits.shape[1])[0] * self.batch_offset
        return logits, self._loss(logits, labels)

    def normalisations(self) -> Mapping[str, Normalisation]:
        return {"conv": Normalisation(np.zeros(4), np.ones(4), None, None, 1e-5, 0.9)}

    def weights(self) -> Mapping[str, Weights]:
        return {
            "conv": Weights(self.kernels["conv"][:, :, None, None].astype(np.float32), None),
            "head": Weights(self.kernels["head"].astype(np.float32), None),
        }

    def gradients(self, inputs: Any, labels: Any) -> Mapping[str, Array] | None:
        self.asked.append(("gradients", len(inputs)))
        z, a, logits = self._forward(inputs)
        slope = (softmax(logits) - np.eye(logits.shape[1])[labels]) / len(inputs)
        pooled = a.mean(axis=(2, 3))
        back = np.broadcast_to((slope @ self.kernels["head"])[:, :, None, None], z.shape)
        back = back / z[0, 0].size * ((z > 0) if self.activation == "relu" else 1)
        conv = np.einsum("nohw,nchw->oc", back, inputs.astype(np.float64))
        return {"conv": conv[:, :, None, None], "head": slope.T @ pooled}

    def input_gradients(
        self, inputs: Any, pull: Callable[[Array], Array] | None = None, *, layer: str = ""
    ) -> Array | None:
        self.asked.append(("input_gradients", len(inputs)))
        z, a, logits = self._forward(inputs)
        if layer == "conv":
            back = np.ones_like(a) if pull is None else pull(a)
        else:
            slope = np.ones_like(logits) if pull is None else pull(logits)
            back = (slope @ self.kernels["head"])[:, :, None, None] / z[0, 0].size
        back = back * ((z > 0) if self.activation == "relu" else np.ones_like(z))
        return np.einsum("nohw,oc->nchw", back, self.kernels["conv"])

    def images_of(self, inputs: Any) -> Array | None:
        return inputs.copy()

    def with_images(self, inputs: Any, images: Array) -> Any:
        return images.astype(inputs.dtype)

    @contextmanager
    def shifted(self, changes: Mapping[str, Array]) -> Generator[None]:
        before = dict(self.kernels)
        for name, change in changes.items():
            self.kernels[name] = before[name] + change.reshape(before[name].shape)
        try:
            yield
        finally:
            self.kernels = before

    def select(self, batches: Sequence[Any], index: npt.NDArray[np.int64]) -> Any:
        return np.concatenate(list(batches))[index]
