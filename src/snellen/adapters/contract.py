"""What a framework's adapter and the rest of snellen say to each other.

The adapter stands at the framework's boundary: it sees steps, batches, losses and models, and tells
them to an `Observer`. The observer (in `capture`) decides what is worth a look and asks the
adapter's `Model` for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, SnellenError

Array = npt.NDArray[Any]


class ModelRefusedError(SnellenError):
    """The script's own model raised when it was run on the probe; says what it raised."""


@dataclass(frozen=True)
class Glimpse:
    """One map during one forward pass. Valid only until the receiver returns; never to be written
    to."""

    layer: Layer
    """`layer.activation`, `residual` and `head` may still be unknown here; the pass returns them
    settled."""
    part: str
    """`pre` (before the activation), `post` (after it), or `input` (what enters the model; its
    layer is named `""`)."""
    table: Callable[[float, float], Array]
    """`table(low, high)`: the map table `(images, channels, 8)` of these maps, float64, on the
    host."""
    positions: int
    """Values of one image in one channel."""
    host: Callable[[], Array]
    """The maps on the host as a float array `(images, channels, *positions)`; may share memory."""


@dataclass(frozen=True)
class Pass:
    """What one forward pass over some images gave, besides its glimpses."""

    layers: tuple[Layer, ...]
    """In the order of execution, settled."""
    output: Array | None
    """The model's output `(images, ...)`, channels second, or `None` when it is not one tensor."""
    loss: float
    """The script's own loss on these images; NaN when it is not known."""


@dataclass(frozen=True)
class Weights:
    """One layer's kernel and bias on the host, in the canonical order."""

    kernel: Array
    """`(outputs, inputs per group, *kernel)`; shares memory with the model where it can: read at
    once."""
    bias: Array | None
    gain: Array | None = None
    """Scale of the normalisation that follows, per channel."""
    gradient: Array | None = None
    """Of the kernel, in its shape, where the framework shows it."""
    trainable: bool = True


@dataclass(frozen=True)
class Normalisation:
    """The batch normalisation of one layer, on the host; arrays have the shape `(channels,)`."""

    running_mean: Array
    running_variance: Array
    gain: Array | None
    shift: Array | None
    epsilon: float
    kept: float
    """Share of the running statistics that one training step keeps (0 to 1); NaN for a cumulative
    average."""


@dataclass(frozen=True)
class Batch:
    """Images (whatever the model takes) and labels as they went through one training step."""

    inputs: Any
    """Opaque: what the model was called with, as the adapter keeps it. `Model.select` cuts it."""
    images: int
    labels: Array | None
    """On the host as the loss received them: `(images,)`, `(images, outputs)`, `(images,
    *positions)`."""
    first_input: Array | None
    """The first input tensor on the host `(images, channels, *positions)`, for hashes and
    ranges."""
    joins: tuple[tuple[int, ...], ...] = ()
    """Shapes of one image's inputs: only images that share them can be laid end to end by
    `select`."""


@dataclass(frozen=True)
class LossCall:
    """One loss as the script computed it."""

    name: str
    """`cross_entropy`, `nll`, `binary_cross_entropy`, `binary_cross_entropy_with_logits`, `mse`,
    `mae`, `huber`, `kl_div`; or `other`."""
    expects: str
    """What it is to be fed: `logits`, `log-probabilities`, `probabilities` or `values`."""
    value: float
    training: bool
    """Computed for a gradient (and not to evaluate)."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`{"reduction": "mean", "label_smoothing": 0.1, "class_weight": True, "fed": "softmax"}`:
    plain JSON values; `fed` names the activation that the loss's input came out of, where it was
    seen."""


class Guard(Protocol):
    """The boundary between snellen's code and the training it runs inside."""

    def __call__(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """`function(*args)`; `None` where it fails, so that nothing of ours reaches the
        training."""
        ...


class Model(Protocol):
    """One model being trained, as the adapter holds it (a subject of the run)."""

    name: str
    framework: str

    def facts(self) -> dict[str, Any]:
        """Plain JSON values: `parameters`, `parameter_bytes`, `optimizer`, `learning_rate`,
        `weight_decay`, `planned_epochs`, ... Called at every capture: what changes is recorded."""
        ...

    def look(self, inputs: Any, labels: Array | None, see: Callable[[Glimpse], None]) -> Pass:
        """Run the model on `inputs` in evaluation mode and show every map to `see`.

        Leaves weights, buffers, modes, gradients, RNG streams and the model's own attributes as
        they were. Raises `ModelRefusedError` where the model itself fails on these inputs.
        """
        ...

    def answer(
        self, inputs: Any, labels: Array | None, *, batch_statistics: bool = False
    ) -> tuple[Array | None, float]:
        """The model's output and the script's own loss on `inputs`, as `look` would return them but
        without showing maps: one plain forward pass, and the cheapest way to ask the model.

        `batch_statistics`: batch normalisations use these inputs' own statistics (and update no
        running ones); dropout stays off. Leaves everything as `look` does and raises as it does.
        """
        ...

    def normalisations(self) -> Mapping[str, Normalisation]:
        """Batch normalisations with running statistics, by the name of the layer they belong to
        (a weight layer that `look` has shown and whose own normalisation it is)."""
        ...

    def initial(self) -> AbstractContextManager[None]:
        """Inside the block `look` sees the model with the weights it had before its first step.

        Raises `RuntimeError` when they were not kept (`keep_initial`).
        """
        ...

    def keep_initial(self) -> None:
        """Copy all weights and buffers, for `initial`."""
        ...

    def drop_initial(self) -> None: ...

    def weights(self) -> Mapping[str, Weights]:
        """By layer name, of the layers that `look` has shown. Cheap: shares memory where it can."""
        ...

    def gradients(self, inputs: Any, labels: Array | None) -> Mapping[str, Array] | None:
        """Kernel gradients of the script's own loss on `inputs` in evaluation mode, by layer, in
        canonical order. Leaves everything as `look` does, `.grad` included; `None` where it can't
        be done.
        """
        ...

    shows_gradients: bool
    """`weights` shows the training's own gradients before an update."""

    def input_gradients(
        self,
        inputs: Any,
        pull: Callable[[Array], Array] | None = None,
        *,
        layer: str = "",
    ) -> Array | None:
        """Gradient of `Σ pull(maps) · maps` with respect to the first image tensor, in evaluation
        mode: `(images, channels, *positions)` on the host.

        `maps` are those of `layer` (after its activation, channels second), or for `""` the model's
        output `(images, outputs, ...)`; `pull` gets them on the host and returns weights of the
        same shape. Leaves everything as `look` does; `None` where it can't be done.
        """
        ...

    def images_of(self, inputs: Any) -> Array | None:
        """The first image tensor on the host `(images, channels, *positions)`, copied; `None` where
        there is none of floating point."""
        ...

    def with_images(self, inputs: Any, images: Array) -> Any:
        """New inputs like `inputs` whose first image tensor holds `images` instead, in its own
        dtype, layout and on its own device. As many images as before."""
        ...

    def shifted(self, changes: Mapping[str, Array]) -> AbstractContextManager[None]:
        """Inside the block kernels are what they are plus `changes` (by layer, canonical order);
        restored to the last bit afterwards, whatever happens inside."""
        ...

    def as_trained(self) -> bool:
        """Whether the weights are still those that the last step left: not loaded, cast or moved
        since."""
        ...

    def select(self, batches: Sequence[Any], index: npt.NDArray[np.int64]) -> Any:
        """New inputs holding the images `index` (into the batches laid end to end), copied."""
        ...


class Observer(Protocol):
    """What an adapter tells. None of its methods raises, and none changes the training.

    A *step* is one update by the optimiser. `key` names a subject: any hashable the adapter keeps
    stable.
    """

    def begin(self, key: Any, model: Model) -> None:
        """A model is about to be trained. Called once for each, before its first update."""
        ...

    def wants_batch(self, key: Any) -> bool:
        """Whether `batch` should be called for the step under way (the probe is still being
        drawn)."""
        ...

    def batch(self, key: Any, batch: Batch) -> None:
        """A training batch went through; called before the update it leads to."""
        ...

    def wants_held_out(self, key: Any) -> bool:
        """Whether `held_out` should be called for the evaluation batch under way."""
        ...

    def held_out(self, key: Any, batch: Batch) -> None:
        """The script evaluated the model on this batch (no gradient, evaluation mode, or data given
        as validation or test data): images that it holds out. Labels where they were seen."""
        ...

    def probe_from(self, key: Any, batch: Batch, *, complete: bool) -> None:
        """The whole training set, or a fair sample, is at hand before training (arrays given to
        `fit`).

        `complete`: it is the whole training set. Instead of `batch`.
        """
        ...

    def wants_maps(self, key: Any) -> bool:
        """Whether the coming step's forward pass is to be shown (inline clock)."""
        ...

    def glimpse(self, key: Any, glimpse: Glimpse) -> None:
        """One map of the training batch (inline clock)."""
        ...

    def maps_done(self, key: Any, layers: tuple[Layer, ...]) -> None:
        """The forward pass has ended; its layers, settled."""
        ...

    def wants_update(self, key: Any) -> bool:
        """Whether `before_update` and `after_update` of the coming update should be called."""
        ...

    def before_update(self, key: Any) -> None:
        """Gradients are ready, weights are still the old ones. May call `model.weights()`."""
        ...

    def after_update(self, key: Any) -> None:
        """Weights are the new ones. Called only after `before_update`."""
        ...

    def stepped(self, key: Any) -> None:
        """One step is over. The probe is looked at from here when it is time."""
        ...

    def loss(self, key: Any, call: LossCall) -> None: ...

    def logged(self, key: Any, values: Mapping[str, float]) -> None:
        """Values the script itself logged at the end of an epoch: `val_loss`, `accuracy`."""
        ...

    def epoch(self, key: Any, done: int) -> None:
        """An epoch ended; `done` so far. Called after its last `stepped`."""
        ...

    def note(self, kind: str, text: str, key: Any = None) -> None:
        """Something the user should know about the watching: what could not be seen, and why."""
        ...
