"""What there is to know about a model and its training besides its maps: plain JSON values."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import math
from typing import Any

import numpy as np

from snellen.adapters.keras import tensors

_OPTIONS = (
    "weight_decay",
    "momentum",
    "beta_1",
    "beta_2",
    "rho",
    "epsilon",
    "nesterov",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "gradient_accumulation_steps",
)


def facts_of_model(model: Any) -> dict[str, Any]:
    """Size, class, precision and regularisation of a model."""
    import keras

    variables = list(model.variables) if model.built else []
    parameters = sum(math.prod(variable.shape) for variable in variables)
    regularised = {
        layer.name: found for layer in model._flatten_layers() if (found := _regularisers(layer))
    }
    facts: dict[str, Any] = {
        "model": type(model).__name__,
        "parameters": parameters,
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
    return facts


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
