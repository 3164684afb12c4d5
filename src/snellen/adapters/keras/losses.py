"""The loss of a training in the contract's words."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from snellen.adapters.contract import LossCall

_NAMES = {
    "sparse_categorical_crossentropy": ("cross_entropy", "integers"),
    "categorical_crossentropy": ("cross_entropy", "one-hot"),
    "categorical_focal_crossentropy": ("other", "one-hot"),
    "binary_crossentropy": ("binary_cross_entropy", "indicators"),
    "binary_focal_crossentropy": ("other", "indicators"),
    "mean_squared_error": ("mse", "values"),
    "mean_absolute_error": ("mae", "values"),
    "huber": ("huber", "values"),
    "kl_divergence": ("kl_div", "probabilities"),
}
_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "kld": "kl_divergence",
    "huber_loss": "huber",
}


@dataclass(frozen=True)
class LossKind:
    """What a Keras loss computes."""

    name: str
    expects: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def call(self, value: float, **facts: Any) -> LossCall:
        """A call of this loss in training; facts that are `None` are left out."""
        known = {name: fact for name, fact in facts.items() if fact is not None}
        return LossCall(
            self.name, self.expects, value, training=True, facts={**self.facts, **known}
        )


UNKNOWN = LossKind("other", "values")
"""A loss that is the script's own."""


def kind_of(loss: Any) -> LossKind:
    """What a `keras.losses.Loss`, or a loss function, computes."""
    function = getattr(loss, "fn", loss)
    named = str(getattr(function, "__name__", ""))
    name, labels = _NAMES.get(_ALIASES.get(named, named), ("other", None))
    options = dict(getattr(loss, "_fn_kwargs", None) or {})
    logits = bool(options.get("from_logits", False))
    expects = "values"
    if name in ("cross_entropy", "binary_cross_entropy", "kl_div"):
        expects = "logits" if logits else "probabilities"
    if name == "binary_cross_entropy" and logits:
        name = "binary_cross_entropy_with_logits"
    facts: dict[str, Any] = {"keras": named or type(loss).__name__}
    if labels is not None:
        facts["labels"] = labels
    reduction = getattr(loss, "reduction", None)
    if reduction is not None:
        facts["reduction"] = "mean" if reduction == "sum_over_batch_size" else str(reduction)
    if options.get("label_smoothing"):
        facts["label_smoothing"] = float(options["label_smoothing"])
    if "crossentropy" in named:
        facts["from_logits"] = logits
    return LossKind(name, expects, facts)


def compiled_loss(model: Any, labels: Any, output: Any) -> Any:
    """The one loss a model was compiled with, to be called with `(labels, output)`; `None` where
    there are several, or where the model computes it by itself."""
    from keras.src.trainers.compile_utils import get_loss

    # Resolved afresh rather than with the model's own `CompileLoss`, which a call would build.
    return get_loss(_user_loss(model), labels, output)


def has_one_loss(model: Any) -> bool:
    """Whether `compiled_loss` gives one."""
    return _user_loss(model) is not None


def _user_loss(model: Any) -> Any:
    """What `compile` was given as the loss, where it is one and the model uses it."""
    from keras.src.trainers.trainer import Trainer

    compiled = getattr(model, "_compile_loss", None)
    if compiled is None or type(model).compute_loss is not Trainer.compute_loss:
        return None
    loss = compiled._user_loss
    if isinstance(loss, (list, tuple)) and len(loss) == 1:
        loss = loss[0]
    return None if isinstance(loss, (list, tuple, dict)) else loss
