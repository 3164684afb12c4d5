"""Facts about a model and about how the script treats it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import nets
import numpy as np
import pytest
from keras import layers
from trainings import BACKEND, compiled
from watching import Watcher, watched

from snellen.adapters.keras.model import KerasModel

LOSS = keras.losses.SparseCategoricalCrossentropy
# Tracing a step takes longer than running a few of them.
IN_PYTHON = BACKEND != "jax"


def looked(model: Any) -> dict[str, Any]:
    """The facts after a look at a model that does not train."""
    x, _ = nets.images(6)
    held = KerasModel(model)
    held.look(x, None, lambda glimpse: None)
    return held.facts()


def fitted(model: Any) -> dict[str, Any]:
    x, y = nets.images(16)
    watcher = Watcher(every=100)
    with watched(watcher):
        compiled(model, run_eagerly=IN_PYTHON).fit(x, y, batch_size=16, verbose=0)
        return watcher.only.model.facts()


def test_shape_of_images_dropout_and_parameters() -> None:
    facts = fitted(nets.sequential())
    assert facts["image_shape"] == [2, 8, 8]
    assert sorted(facts["dropout"].values()) == [0.2, 0.3]
    # 2·4·9, gain and shift, 4·6·9 + 6, 24·8 + 8, 8·3 + 3.
    assert facts["parameters"] == 72 + 8 + 222 + 200 + 27
    assert facts["frozen_parameters"] == 0
    assert facts["unoptimised"] == []
    assert "loaded_weights" not in facts
    assert "training_passes" not in facts
    assert fitted(nets.subclassed())["image_shape"] == [2, 8, 8]


def test_frozen_parameters_are_counted() -> None:
    model = nets.functional()
    model.get_layer("stem").trainable = False
    model.get_layer("branch_norm").trainable = False
    facts = fitted(model)
    assert facts["frozen_parameters"] == (2 * 4 * 9 + 4) + 8
    assert facts["parameters"] == facts["frozen_parameters"] + 4 * 4 * 9 + 4 * 3 + 3


def softmax_over(last: list[Any]) -> Any:
    model = keras.Sequential([keras.Input((8, 8, 2)), layers.Conv2D(5, 3), *last])
    return looked(model).get("output_softmax")


class ByFunction(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.flat, self.dense = layers.Flatten(), layers.Dense(3)

    def call(self, x: Any) -> Any:
        return keras.ops.softmax(self.dense(self.flat(x)), axis=0)


def test_what_an_output_softmax_sums_over() -> None:
    flat = layers.Flatten()
    assert softmax_over([flat, layers.Dense(3)]) is None
    assert softmax_over([layers.Flatten(), layers.Dense(3, activation="softmax")]) == {
        "over": "units",
        "units": 3,
    }
    assert softmax_over([layers.Flatten(), layers.Dense(1, activation="softmax")]) == {
        "over": "units",
        "units": 1,
    }
    assert softmax_over([layers.Flatten(), layers.Dense(3), layers.Softmax(axis=0)])["over"] == (
        "batch"
    )
    assert softmax_over([layers.Softmax(axis=1)]) == {"over": "positions", "units": 6}
    assert softmax_over([layers.Activation("softmax"), layers.Reshape((36, 5))]) == {
        "over": "units",
        "units": 5,
    }
    model = ByFunction()
    model(nets.images(4)[0])
    assert looked(model)["output_softmax"]["over"] == "batch"


class Careless(keras.Model):
    """Runs a layer that it does not own and one that it makes anew."""

    def __init__(self, outside: Any) -> None:
        super().__init__()
        self.flat, self.dense = layers.Flatten(), layers.Dense(3, name="own")
        self.outside = lambda x: outside(x)

    def call(self, x: Any) -> Any:
        x = self.outside(x)
        x = layers.Conv2D(4, 3, name="made")(x)
        return self.dense(self.flat(x))


def test_layers_that_are_not_the_models_own() -> None:
    outside = layers.Conv2D(4, 3, name="outside")
    x, _ = nets.images(4)
    outside.build(x.shape)
    model = Careless(outside)
    model(x)
    facts = looked(model)
    assert facts["created_in_forward"] == [{"type": "Conv2D"}]
    assert facts["unregistered"] == [{"type": "Conv2D", "name": "outside"}]
    assert "unregistered" not in looked(nets.functional())


def test_weights_that_were_given_to_the_model(tmp_path: Path) -> None:
    x, y = nets.images(16)

    def sees(make: Any, load: Any) -> bool:
        watcher = Watcher(every=100)
        with watched(watcher):
            model = load(make())
            compiled(model, run_eagerly=IN_PYTHON).train_on_batch(x, y)
            model.set_weights(model.get_weights())
            model.train_on_batch(x, y)
            return bool(watcher.only.model.facts().get("loaded_weights"))

    path = tmp_path / "net.weights.h5"
    old = tmp_path / "net.h5"
    whole = tmp_path / "net.keras"
    model = compiled(nets.functional())
    model.save_weights(path)
    model.save(whole)
    model.save(old)

    def loads(model: Any) -> Any:
        model.load_weights(path)
        return model

    def sets(model: Any) -> Any:
        model.set_weights([0.9 * weight for weight in model.get_weights()])
        return model

    def with_a_new_head(model: Any) -> Any:
        model.load_weights(path)
        return keras.Model(model.inputs, layers.Dense(3)(model.layers[-2].output))

    assert not sees(nets.functional, lambda model: model)
    assert sees(nets.functional, loads)
    assert sees(nets.functional, sets)
    assert sees(nets.functional, lambda _: keras.models.load_model(whole))
    assert sees(nets.functional, lambda _: keras.models.load_model(old))
    assert sees(nets.functional, with_a_new_head)


def step_of(
    model: Any, optimizer: Any, *, training: bool | None, part: Any = None, clear: bool = True
) -> Any:
    """One update as a script would write it; of all variables, or of a part of them."""
    loss = LOSS(from_logits=True)

    def taped(x: Any, y: Any) -> Any:
        import tensorflow as tf

        variables = model.trainable_variables if part is None else part.trainable_variables
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=training))
        gradients = tape.gradient(value, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return value

    def by_torch(x: Any, y: Any) -> Any:
        import torch

        variables = model.trainable_variables if part is None else part.trainable_variables
        if clear:
            model.zero_grad()
        loss(y, model(torch.tensor(x), training=training)).backward()
        with torch.no_grad():
            optimizer.apply([v.value.grad for v in variables], variables)

    return taped if BACKEND == "tensorflow" else by_torch


def in_a_loop(
    make: Any = nets.subclassed,
    *,
    training: bool | None = True,
    evaluate: bool | None = False,
    part: str | None = None,
    compile_step: bool = False,
    clear: bool = True,
) -> dict[str, Any]:
    """Facts after four steps, with an evaluation after every second one."""
    x, y = nets.images(32)
    watcher = Watcher(every=100, batches=1)
    with watched(watcher):
        model = make()
        model(x[:1])
        one = None if part is None else getattr(model, part)
        step = step_of(model, keras.optimizers.SGD(0.1), training=training, part=one, clear=clear)

        def look(x: Any) -> Any:
            return model(x, training=evaluate)

        if compile_step:
            import tensorflow as tf

            step, look = tf.function(step), tf.function(look)
        for number in range(4):
            step(x[:16], y[:16])
            if number % 2:
                if BACKEND == "torch":
                    import torch

                    with torch.no_grad():
                        look(torch.tensor(x[16:]))
                else:
                    look(x[16:])
        return watcher.only.model.facts()


PASSES = (
    "training_passes",
    "training_passes_in_eval_mode",
    "evaluation_passes",
    "evaluation_passes_in_training_mode",
)


def frozen_norms() -> Any:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    model.layers[1].trainable = False
    return model


LOOPS = pytest.mark.skipif(BACKEND == "jax", reason="loops on JAX call no model that we see")
COMPILED = [False, True] if BACKEND == "tensorflow" else [False]


@LOOPS
@pytest.mark.parametrize(
    ("compile_step", "training", "evaluate", "expected"),
    [
        (False, True, False, (4, 0, 2, 0)),
        (False, False, True, (4, 4, 2, 2)),
        (COMPILED[-1], None, True, (4, 4, 2, 2)),
        (COMPILED[-1], True, None, (4, 0, 2, 0)),
    ],
)
def test_in_which_mode_a_loop_runs_the_model(
    compile_step: bool, training: Any, evaluate: Any, expected: Any
) -> None:
    facts = in_a_loop(training=training, evaluate=evaluate, compile_step=compile_step)
    assert tuple(facts.get(name) for name in PASSES) == expected


@LOOPS
def test_frozen_normalisations_have_no_wrong_mode() -> None:
    facts = in_a_loop(frozen_norms, training=False)
    assert not any(name in facts for name in PASSES)


@LOOPS
@pytest.mark.parametrize("compile_step", COMPILED)
def test_parameters_that_no_optimiser_holds(compile_step: bool) -> None:
    if not compile_step:
        assert in_a_loop()["unoptimised"] == []
    missing = in_a_loop(part="head", compile_step=compile_step)["unoptimised"]
    assert {entry["layer"] for entry in missing} == {"first/conv", "second/conv", "hidden"}
    elements = {(entry["layer"], entry["parameter"].split("/")[-1]): entry for entry in missing}
    assert elements["first/conv", "kernel"]["elements"] == 2 * 4 * 9
    assert elements["hidden", "bias"]["elements"] == 8
    assert ("first/conv", "gamma") in elements


def test_layers_thawed_after_the_optimiser_was_made() -> None:
    x, y = nets.images(16)
    watcher = Watcher(every=100)
    model = nets.functional()
    model.get_layer("stem").trainable = False
    with watched(watcher):
        compiled(model, run_eagerly=IN_PYTHON).train_on_batch(x, y)
        assert watcher.only.model.facts()["unoptimised"] == []
        model.get_layer("stem").trainable = True
        missing = watcher.only.model.facts()["unoptimised"]
    assert [(entry["layer"], entry["elements"]) for entry in missing] == [
        ("stem", 72),
        ("stem", 4),
    ]


@pytest.mark.skipif(BACKEND != "torch", reason="only torch adds gradients up")
def test_gradients_that_are_not_cleared() -> None:
    facts = in_a_loop()
    assert (facts["gradient_steps"], facts["gradients_kept"]) == (3, 0)
    facts = in_a_loop(clear=False)
    assert (facts["gradient_steps"], facts["gradients_kept"]) == (3, 3)


@pytest.mark.skipif(BACKEND != "torch", reason="only torch adds gradients up")
def test_overwritten_and_accumulated_gradients_are_cleared_ones() -> None:
    import torch

    x, y = nets.images(32)
    watcher = Watcher(every=100)
    with watched(watcher):
        model = nets.subclassed()
        model(x[:1])
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        loss = LOSS(from_logits=True)
        for _ in range(3):
            optimizer.zero_grad(set_to_none=False)
            for start in (0, 16):
                batch = torch.tensor(x[start : start + 16])
                loss(y[start : start + 16], model(batch, training=True)).backward()
            optimizer.step()
        facts = watcher.only.model.facts()
    assert (facts["gradient_steps"], facts["gradients_kept"]) == (2, 0)
    assert facts["unoptimised"] == []
    assert watcher.only.model.shows_gradients


def test_tells_whether_the_trainings_gradients_are_seen() -> None:
    x, y = nets.images(16)
    watcher = Watcher(every=100)
    with watched(watcher):
        compiled(nets.sequential()).fit(x, y, verbose=0)
    assert watcher.only.model.shows_gradients == (BACKEND == "torch")
    assert np.isfinite(watcher.only.losses[0].value)


def test_initialisers_and_their_options() -> None:
    start = keras.initializers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, kernel_initializer="he_normal", use_bias=False, name="plain"),
            layers.DepthwiseConv2D(3, depthwise_initializer="he_uniform", name="depthwise"),
            layers.SeparableConv2D(3, 3, pointwise_initializer="zeros", name="separable"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(
                5,
                kernel_initializer=start.RandomNormal(stddev=0.3, seed=4),
                bias_initializer=start.Constant(-2.0),
                name="dense",
            ),
            layers.Dense(3, kernel_initializer=lambda shape, dtype=None: np.ones(shape), name="fn"),
        ]
    )
    assert looked(model)["initialisers"] == {
        "plain": {"kernel": "HeNormal"},
        "depthwise": {"kernel": "HeUniform", "bias": "Zeros"},
        "separable": {"depthwise": "GlorotUniform", "kernel": "Zeros", "bias": "Zeros"},
        "dense": {
            "kernel": "RandomNormal",
            "mean": 0.0,
            "stddev": 0.3,
            "bias": "Constant",
            "bias_value": -2.0,
        },
        "fn": {"kernel": "<lambda>", "bias": "Zeros"},
    }


OPTIMISERS = keras.optimizers


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (
            OPTIMISERS.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=2.0, weight_decay=0.01),
            {"momentum": 0.9, "nesterov": True, "clipnorm": 2.0, "weight_decay": 0.01},
        ),
        (
            OPTIMISERS.Adam(0.1, 0.8, 0.95, 1e-4, amsgrad=True, clipvalue=0.5),
            {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4, "amsgrad": True, "clipvalue": 0.5},
        ),
        (
            OPTIMISERS.RMSprop(0.1, rho=0.8, centered=True, global_clipnorm=1.5),
            {"rho": 0.8, "centered": True, "global_clipnorm": 1.5},
        ),
    ],
)
def test_the_optimisers_options(optimizer: Any, expected: dict[str, Any]) -> None:
    x, y = nets.images(16)
    watcher = Watcher(every=100)
    with watched(watcher):
        model = nets.sequential()
        model.compile(optimizer, LOSS(), run_eagerly=IN_PYTHON)
        model.fit(x, y, batch_size=16, verbose=0)
        facts = watcher.only.model.facts()
    assert {name: facts[name] for name in expected} == expected
    assert facts["learning_rate"] == pytest.approx(0.1)


@pytest.mark.parametrize("way", ["arrays", "batches", "one at a time"])
def test_images_in_a_batch(way: str) -> None:
    x, y = nets.images(40)
    watcher = Watcher(every=1, batches=8)

    def batches() -> Any:
        for start in range(0, 40, 16):
            yield x[start : start + 16], y[start : start + 16]

    with watched(watcher):
        model = compiled(nets.sequential(), run_eagerly=IN_PYTHON)
        if way == "arrays":
            model.fit(x, y, batch_size=16, verbose=0)
        elif way == "batches":
            model.fit(batches(), verbose=0)
        else:
            for images, labels in batches():
                model.train_on_batch(images, labels)
        assert watcher.only.model.facts()["batch_size"] == 16
