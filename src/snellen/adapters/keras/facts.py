"""What there is to know about a model and its training besides its maps: plain JSON values."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from snellen.adapters.keras import tensors
from snellen.adapters.keras.lineage import Softmax
from snellen.adapters.keras.strays import Stray

_OPTIONS = (
    "weight_decay",
    "momentum",
    "beta_1",
    "beta_2",
    "rho",
    "epsilon",
    "nesterov",
    "amsgrad",
    "centered",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "gradient_accumulation_steps",
)

_BEGUN = (
    ("kernel_initializer", ("kernel", "_kernel"), "kernel"),
    ("pointwise_initializer", ("pointwise_kernel",), "kernel"),
    ("depthwise_initializer", ("kernel",), "kernel"),
    ("depthwise_initializer", ("depthwise_kernel",), "depthwise"),
    ("bias_initializer", ("bias",), "bias"),
)
"""A layer's initialisers, the weights that each begins, and what the facts call them."""


def facts_of_model(model: Any) -> dict[str, Any]:
    """Size, class, precision and regularisation of a model."""
    import keras

    variables = list(model.variables) if model.built else []
    own = _parameters(model)
    frozen = [variable for variable in own if not variable.trainable]
    regularised = {
        layer.name: found for layer in model._flatten_layers() if (found := _regularisers(layer))
    }
    facts: dict[str, Any] = {
        "model": type(model).__name__,
        "parameters": _elements(own),
        "frozen_parameters": _elements(frozen),
        "parameter_bytes": sum(
            math.prod(variable.shape) * _bytes(variable.dtype) for variable in variables
        ),
        "data_format": keras.config.image_data_format(),
        "backend": tensors.backend_name(),
        "dtype_policy": model.dtype_policy.name,
        "eager": bool(getattr(model, "run_eagerly", False)),
    }
    if regularised:
        facts["regularisers"] = regularised
    initialised = {
        layer.name: found for layer in model._flatten_layers() if (found := _initialisers(layer))
    }
    if initialised:
        facts["initialisers"] = initialised
    dropout = {layer.name: float(layer.rate) for layer in _dropouts(model)}
    if dropout:
        facts["dropout"] = dropout
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, tuple) and len(shape) > 2 and all(isinstance(n, int) for n in shape[1:]):
        *positions, channels = shape[1:]
        first = tensors.channel_axis() == 1
        facts["image_shape"] = list(shape[1:]) if first else [channels, *positions]
    return facts


def _parameters(model: Any) -> list[Any]:
    """What training could change, whether it is frozen or not: no moving averages, no seeds."""
    if not model.built:
        return []
    found = {
        id(variable): variable
        for layer in model._flatten_layers()
        for variable in layer._trainable_variables
    }
    return list(found.values())


def _elements(variables: Sequence[Any]) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def _dropouts(model: Any) -> list[Any]:
    from keras import layers

    kinds = (layers.Dropout, layers.AlphaDropout, layers.GaussianDropout)
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, kinds) and isinstance(layer.rate, int | float)
    ]


def has_modes(model: Any) -> bool:
    """Whether training and evaluation mode differ: by dropout, or by a normalisation by the batch
    that is not frozen."""
    from keras import layers

    return any(layer.rate > 0 for layer in _dropouts(model)) or any(
        isinstance(layer, layers.BatchNormalization) and layer.trainable
        for layer in model._flatten_layers()
    )


def facts_of_training(
    model: Any, optimizers: Sequence[Any], names: Mapping[int, str]
) -> dict[str, Any]:
    """Parameters that take gradients and that none of the optimisers holds: of a loop of the
    script's own, or of `fit` (then there are none in `optimizers`).

    `names`: layers by the id of their variables."""
    optimizers = list(optimizers)
    own = getattr(model, "optimizer", None)
    if not optimizers and own is not None and _has_usual_step(model):
        optimizers = [own]
    held = {one for optimizer in optimizers for one in _held(optimizer)}
    if not held:
        return {}
    missing = [
        {
            "parameter": str(variable.path),
            "layer": names.get(id(variable), str(variable.path).rpartition("/")[0]),
            "elements": math.prod(variable.shape),
        }
        for variable in model.trainable_variables
        if id(variable) not in held and id(variable._value) not in held
    ]
    return {"unheld": [entry["layer"] for entry in missing], "unoptimised": missing}


def _has_usual_step(model: Any) -> bool:
    """The model's training step is Keras' own, and not one that may have several optimisers."""
    steps = (
        base.__dict__["train_step"] for base in type(model).__mro__ if "train_step" in vars(base)
    )
    step = next(steps, None)
    return step is None or str(getattr(step, "__module__", "")).startswith("keras.")


def _held(optimizer: Any) -> list[int]:
    """Ids of what an optimiser updates: variables of Keras, or parameters of torch."""
    if hasattr(optimizer, "param_groups"):
        return [id(one) for group in optimizer.param_groups for one in group["params"]]
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return [id(one) for one in getattr(optimizer, "_trainable_variables", None) or ()]


def facts_of_output(softmax: Softmax | None, strays: Sequence[Stray]) -> dict[str, Any]:
    """What a look has seen besides maps."""
    known: dict[str, Any] = {}
    if softmax is not None:
        known["output_softmax"] = {"over": softmax.over, "units": softmax.units}
    created = [{"type": stray.type_name} for stray in strays if stray.created]
    others = [
        {"type": stray.type_name, "name": stray.name} for stray in strays if not stray.created
    ]
    if created:
        known["created_in_forward"] = created
    if others:
        known["unregistered"] = others
    return known


def _bytes(dtype: str) -> int:
    digits = "".join(letter for letter in dtype if letter.isdigit())
    return max(int(digits) // 8, 1) if digits else 1


def _regularisers(layer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("kernel", "bias", "activity"):
        regulariser = getattr(layer, f"{name}_regularizer", None)
        if regulariser is None:
            continue
        config = regulariser.get_config() if hasattr(regulariser, "get_config") else {}
        found[name] = {
            "type": type(regulariser).__name__,
            **{key: float(value) for key, value in config.items() if np.ndim(value) == 0},
        }
    return found


def _initialisers(layer: Any) -> dict[str, Any]:
    """Class and numeric options of the initialisers of a layer's own kernel and bias; those of the
    bias have names of their own."""
    found: dict[str, Any] = {}
    for attribute, weights, name in _BEGUN:
        initialiser = getattr(layer, attribute, None)
        if initialiser is None or all(getattr(layer, one, None) is None for one in weights):
            continue
        # A function may stand in for one.
        found[name] = getattr(initialiser, "__name__", type(initialiser).__name__)
        options = initialiser.get_config() if hasattr(initialiser, "get_config") else {}
        prefix = "" if name == "kernel" else f"{name}_"
        found |= {
            f"{prefix}{key}": float(value)
            for key, value in options.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and key != "seed"
        }
    return found


def facts_of_optimizer(optimizer: Any, learning_rate: float | None) -> dict[str, Any]:
    """Class, learning rate and options of an optimiser; those of the inner one of a loss scaler."""
    facts: dict[str, Any] = {}
    if hasattr(optimizer, "inner_optimizer"):
        facts["loss_scaling"] = True
        optimizer = optimizer.inner_optimizer
    facts["optimizer"] = type(optimizer).__name__
    if hasattr(optimizer, "param_groups"):
        # One of torch's own.
        options = optimizer.param_groups[0]
        return facts | {
            name: value for name, value in options.items() if isinstance(value, bool | int | float)
        }
    if learning_rate is not None:
        facts["learning_rate"] = learning_rate
    for name in _OPTIONS:
        value = getattr(optimizer, name, None)
        if isinstance(value, bool | int | float):
            facts[name] = value
    return facts
