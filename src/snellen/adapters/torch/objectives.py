"""Which of the losses that are computed belongs to which model, and which of them is about its
labels."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from torch import Tensor

from snellen.adapters.contract import LossCall, Observer
from snellen.adapters.torch.graph import crossed_by, softmax_behind
from snellen.adapters.torch.losses import LOSSES, Heard, as_function, facts_of
from snellen.adapters.torch.outputs import source_of
from snellen.adapters.torch.watched import KEPT_LOSSES, RANKS, Call, LossKey, Watched

READ_ALL = 100
READ_EVERY = 16
"""Reading a loss on another device than the CPU waits for the device: beyond the first hundred,
every 16th is read."""

GRAPHS_READ = 16
"""Losses whose graph is read: how answers meet targets is the same in all of them."""


@dataclass(frozen=True)
class Pending:
    """A training loss until the update it leads to shows whose it is."""

    call: LossCall
    key: LossKey | None
    """`None`: the scalar that gradients were taken of."""
    met: Watched | None
    """The model that was called last, where that was seen."""
    crossed: int | None = None
    """Answers each of which the loss compares with as many targets."""


class Objectives:
    """Hands losses to the observer: training losses with the update they lead to."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._pending: deque[Pending] = deque(maxlen=KEPT_LOSSES)
        self._facts: dict[Any, dict[str, Any]] = {}
        self._stepped: Watched | None = None
        """The model whose update came last."""
        self._read = 0
        self._graphs = 0

    def forget(self) -> None:
        self._pending.clear()
        self._stepped = None

    def release(self, watched: Watched) -> None:
        if self._stepped is watched:
            self._stepped = None

    def heard(self, heard: Heard, met: Watched | None, *, inside: bool) -> None:
        """A loss function was called. `met`: the model called last, if that is known. `inside`: by
        the model's own forward."""
        key = (heard.function, tuple(heard.fed.shape[1:]))
        about = met or self._stepped
        training = heard.training and not (
            about is not None and about.trains_in_training_mode and not about.module.training
        )
        if training and met is not None and heard.target is not None:
            self._label(met, heard, key, inside=inside)
        value = self._value(heard.value)
        if value is None:
            return
        name, expects = LOSSES[heard.function]
        call = LossCall(name, expects, value, training, self._known(heard, key))
        if training:
            self._pending.append(Pending(call, key, met))
        elif about is not None:
            images = int(heard.fed.shape[0]) if heard.fed.ndim else 1
            call = replace(call, facts={**call.facts, "images": images})
            self._evaluated(about, call, key)

    def differentiated(self, loss: Tensor) -> None:
        """The scalar that gradients are taken of: the training loss where no known function made
        it."""
        value = self._value(loss)
        if value is not None:
            call = LossCall("objective", "values", value, True)
            self._graphs += 1
            crossed = crossed_by(loss) if self._graphs <= GRAPHS_READ else None
            self._pending.append(Pending(call, None, None, crossed))

    def stepping(self, found: list[Watched], last: Watched | None) -> None:
        """These models are about to be updated: what was computed since the last update was for
        them."""
        if not found:
            return
        subject = last if last is not None and last in found else found[-1]
        for call in subject.waiting:
            self._observer.loss(id(subject.module), call)
        subject.waiting.clear()
        while self._pending:
            pending = self._pending.popleft()
            mine = pending.met is subject or pending.met is None
            if pending.key is not None and (
                not mine or (subject.main is None and pending.met is None)
            ):
                # Another model's loss, met on the way; what this one is trained for is the
                # objective.
                continue
            call = pending.call
            if pending.crossed is not None and _puts_out(subject, pending.crossed):
                subject.model.facts_seen["crossed"] = pending.crossed
            if pending.key is not None and subject.main not in (None, pending.key):
                call = replace(call, facts={**call.facts, "auxiliary": True})
            self._observer.loss(id(subject.module), call)
        self._stepped = subject

    def _evaluated(self, about: Watched, call: LossCall, key: LossKey) -> None:
        if about.main not in (None, key):
            return
        if about.begun:
            self._observer.loss(id(about.module), call)
        elif len(about.waiting) < KEPT_LOSSES:
            about.waiting.append(call)

    def _known(self, heard: Heard, key: LossKey) -> dict[str, Any]:
        """Facts of such a call; read once, for they cost more than all else here."""
        keywords = heard.keywords
        kind = (
            key,
            heard.training,
            heard.target.dtype if heard.target is not None else None,
            str(keywords.get("reduction")),
            keywords.get("label_smoothing"),
            keywords.get("weight") is None and keywords.get("pos_weight") is None,
        )
        known = self._facts.get(kind)
        if known is None:
            known = self._facts[kind] = facts_of(heard)
        return known

    def _value(self, loss: Tensor) -> float | None:
        """The loss on the host; `None` where it is not worth the wait."""
        if loss.numel() == 0:
            return float("nan")
        if loss.is_meta:
            # A dry run for shapes alone, as Keras makes to build a model.
            return None
        if loss.device.type != "cpu":
            self._read += 1
            if self._read > READ_ALL and self._read % READ_EVERY:
                return None
        return float(loss.item() if loss.numel() == 1 else loss.detach().double().mean().item())

    def _label(self, watched: Watched, heard: Heard, key: LossKey, *, inside: bool) -> None:
        """Keep the labels that the loss received, if they are this call's, one for each image."""
        target = heard.target
        assert target is not None
        rank = RANKS.get(LOSSES[heard.function][0], 0)
        if inside:
            if watched.main is None or rank > watched.main_rank:
                watched.main, watched.main_rank = key, rank
            if key == watched.main:
                watched.inner_target = target
            return
        call = watched.calls[-1] if watched.calls else None
        if call is None or not target.ndim or rank <= call.rank:
            return
        shaped = by_image(target, call.images)
        if shaped is None:
            return
        call.target, call.rank = shaped, rank
        if rank > watched.main_rank:
            watched.main, watched.main_rank = key, rank
        if key == watched.main:
            watched.label_form = (target.is_floating_point(), tuple(shaped.shape[1:]))
            self._know_output(watched, heard, call)

    def _know_output(self, watched: Watched, heard: Heard, call: Call) -> None:
        index = source_of(heard.fed, call.outputs)
        if index is None:
            return
        if watched.model.output_index is None:
            over = softmax_behind(heard.fed)
            if over is not None:
                watched.model.facts_seen["output_softmax"] = {"over": over[0], "units": over[1]}
        watched.model.output_index = index
        watched.model.loss_function = as_function(heard, call.outputs[index])


def by_image(target: Tensor, images: int) -> Tensor | None:
    """Labels with one row for each image; positions that were laid end to end are folded back.
    `None` where they can't be the labels of so many images."""
    if not images or not target.ndim or not target.shape[0]:
        return None
    if target.shape[0] == images:
        return target
    if target.ndim == 1 and target.shape[0] % images == 0:
        return target.reshape(images, -1)
    return None


def _puts_out(subject: Watched, answers: int) -> bool:
    """Whether the model answered so many images with one number each."""
    return any(
        call.images == answers == prod(output.shape)
        for call in subject.calls
        for output in call.outputs
    )
