"""Trainings as people write them: watched, they end in the same bits, and what is seen is right."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from adapters.torch.programs import images
from snellen.capture import Session
from snellen.record import Clock, RunContents, Subject, read
from snellen.settings import Settings
from snellen.stats import Predictions

Left = list[Tensor]
"""What a training leaves: weights, buffers and one random number."""


def left(*modules: nn.Module) -> Left:
    tensors = [t.detach().clone() for m in modules for t in m.state_dict().values()]
    return [*tensors, torch.rand(1)]


def watch(train: Callable[[], Left], path: Path) -> tuple[RunContents, Session]:
    """Train bare and watched; the bits must be the same."""
    torch.manual_seed(0)
    bare = train()
    session = Session(Settings(run_file=path / "run.snellen"), script="s", clock=lambda: 0.0)
    torch.manual_seed(0)
    session.arm()
    try:
        watched = train()
    finally:
        session.finish()
    assert session.boundary.tripped is None
    assert len(bare) == len(watched)
    assert all(torch.equal(a, b) for a, b in zip(bare, watched, strict=True))
    return read(path / "run.snellen"), session


def small(*between: nn.Module) -> nn.Sequential:
    layers = between or (nn.ReLU(),)
    return nn.Sequential(nn.Conv2d(1, 4, 3), *layers, nn.Flatten(), nn.Linear(256, 10))


def batches(size: int = 16, epochs: int = 2) -> list[tuple[Tensor, Tensor]]:
    x, y = images(64)
    return [(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)] * epochs


def probed(subject: Subject) -> list[int]:
    return [m.step for m in subject.moments if m.clock is Clock.PROBE]


def answers(subject: Subject) -> Predictions:
    return subject.history("", Predictions, "")[-1].value


def trained(model: nn.Module, loss: Callable[[Any, Tensor], Tensor] = F.cross_entropy) -> Left:
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for x, y in batches():
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    return left(model)


def test_a_closure_shows_its_batch_and_counts_one_step(tmp_path: Path) -> None:
    def train() -> Left:
        model = small(nn.Tanh())
        optimizer = torch.optim.LBFGS(model.parameters(), 0.2, max_iter=3)
        x, y = images(64)

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        for _ in range(4):
            optimizer.step(closure)
        return left(model)

    run, _ = watch(train, tmp_path)
    (subject,) = run.subjects
    assert subject.steps == 4
    assert probed(subject)[0] == 0
    assert answers(subject).present.sum() == 64


def test_models_trained_one_after_the_other_each_get_a_name(tmp_path: Path) -> None:
    def train() -> Left:
        models = []
        for _ in range(3):
            model = small()
            optimizer = torch.optim.SGD(model.parameters(), 0.01)
            x, y = batches()[0]
            # Longer than `IDLE_STEPS`: the one before has been let go of.
            for _ in range(110):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            models.append(model)
        return left(*models)

    run, session = watch(train, tmp_path)
    assert [s.name for s in run.subjects] == ["Sequential", "Sequential#2", "Sequential#3"]
    assert [s.steps for s in run.subjects] == [110] * 3
    assert session._adapters["torch"]._watched == {}


def test_a_part_run_without_gradients_keeps_the_names_right(tmp_path: Path) -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
            self.head = nn.Linear(256, 10)

        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                x = self.body(x)
            return self.head(x.flatten(1))

    run, _ = watch(lambda: trained(Frozen()), tmp_path)
    (subject,) = run.subjects
    assert [(x.name, x.activation) for x in subject.layers] == [
        ("body.0", "relu"),
        ("head", "linear"),
    ]


class TwoHeads(nn.Module):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        self.body = nn.Conv2d(1, 4, 3)
        self.main, self.other = nn.Linear(4, 10), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Any:
        h = F.relu(self.body(x)).mean((2, 3))
        main, other = self.main(h), self.other(h)
        return {
            "tuple": (main, other),
            "dict": {"class": main, "aux": other},
            "turned round": (other, main),
            "features first": (h, main),
        }[self.form]


@pytest.mark.parametrize("form", ["tuple", "dict", "turned round", "features first"])
def test_of_several_outputs_the_one_that_the_labels_judge_is_read(
    form: str, tmp_path: Path
) -> None:
    def loss(output: Any, y: Tensor) -> Tensor:
        given = list(output.values()) if isinstance(output, dict) else list(output)
        main = given[0] if form in ("tuple", "dict") else given[1]
        return F.cross_entropy(main, y)

    run, _ = watch(lambda: trained(TwoHeads(form), loss), tmp_path)
    (subject,) = run.subjects
    assert [x.name for x in subject.layers if x.head] == ["main"]
    assert answers(subject).present.size == 10
    assert subject.facts["loss"]["name"] == "cross_entropy"
    assert subject.facts["loss"]["units"] == 10


def test_an_auxiliary_loss_is_not_taken_for_the_training_loss(tmp_path: Path) -> None:
    told: list[float] = []

    def loss(output: Any, y: Tensor) -> Tensor:
        main = F.cross_entropy(output[0], y)
        told.append(main.item())
        return main + 0.3 * F.cross_entropy(output[1], y % 2)

    run, _ = watch(lambda: trained(TwoHeads("tuple"), loss), tmp_path)
    (subject,) = run.subjects
    assert subject.losses["train"].values.tolist() == told[len(told) // 2 :]
    assert subject.facts["loss"]["units"] == 10


def test_a_student_is_judged_by_the_labels_and_not_by_its_teacher(tmp_path: Path) -> None:
    def train() -> Left:
        teacher, student = small(), small()
        optimizer = torch.optim.Adam(student.parameters(), 1e-2)
        for x, y in batches():
            optimizer.zero_grad()
            soft = F.softmax(teacher(x), 1)
            out = student(x)
            loss = F.kl_div(F.log_softmax(out, 1), soft.detach(), reduction="batchmean")
            (loss + F.cross_entropy(out, y)).backward()
            optimizer.step()
        return left(student)

    run, _ = watch(train, tmp_path)
    (subject,) = run.subjects
    assert subject.facts["loss"]["name"] == "cross_entropy"
    assert answers(subject).present.sum() == 64


def test_accumulated_gradients_are_one_step(tmp_path: Path) -> None:
    def train() -> Left:
        model = small()
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        loader = DataLoader(TensorDataset(*images(64)), 4, shuffle=True)
        for _ in range(3):
            for i, (x, y) in enumerate(loader):
                (F.cross_entropy(model(x), y) / 4).backward()
                if i % 4 == 3:
                    optimizer.step()
                    optimizer.zero_grad()
        return left(model)

    run, _ = watch(train, tmp_path)
    (subject,) = run.subjects
    assert (subject.steps, subject.facts["steps_per_epoch"], subject.facts["epochs"]) == (12, 4, 3)


def test_the_first_batch_taken_again_and_again_is_no_epoch(tmp_path: Path) -> None:
    def train() -> Left:
        model = small()
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        loader = DataLoader(TensorDataset(*images(64)), 8, shuffle=True)
        for _ in range(20):
            x, y = next(iter(loader))
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        return left(model)

    run, _ = watch(train, tmp_path)
    assert run.subjects[0].facts["epochs"] == 2


def test_images_of_several_sizes_are_probed(tmp_path: Path) -> None:
    def train() -> Left:
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10)
        )
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        for i, (x, y) in enumerate(batches(8, 1)):
            optimizer.zero_grad()
            F.cross_entropy(model(x[:, :, : 7 + i % 3]), y).backward()
            optimizer.step()
        return left(model)

    run, _ = watch(train, tmp_path)
    (subject,) = run.subjects
    assert probed(subject)
    assert answers(subject).images == 64


def test_a_model_of_one_batch_size_is_probed_in_such_batches(tmp_path: Path) -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(256, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(F.relu(self.conv(x)).view(16, -1))

    run, _ = watch(lambda: trained(Fixed()), tmp_path)
    assert answers(run.subjects[0]).images == 64


def test_a_model_that_refuses_evaluation_says_so(tmp_path: Path) -> None:
    class Refusing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = small()

        def forward(self, x: Tensor) -> Tensor:
            if not self.training:
                raise RuntimeError("no evaluation here")
            return self.body(x)

    run, session = watch(lambda: trained(Refusing()), tmp_path)
    assert run.subjects[0].steps == 8
    assert probed(run.subjects[0]) == []
    assert any("no evaluation here" in note for note in session.notes)


def test_pieces_are_known_as_pieces(tmp_path: Path) -> None:
    def train() -> Left:
        first, second = nn.Conv2d(1, 4, 3), nn.Linear(4, 10)
        optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], 0.05)
        for x, y in batches():
            optimizer.zero_grad()
            F.cross_entropy(second(F.relu(first(x)).mean((2, 3))), y).backward()
            optimizer.step()
        return left(first, second)

    run, session = watch(train, tmp_path)
    layers = {s.name: s.layers[0] for s in run.subjects}
    # What follows the convolution stands outside of any module.
    assert (layers["Conv2d"].activation, layers["Conv2d"].head) == (None, False)
    assert (layers["Linear"].activation, layers["Linear"].head) == ("linear", True)
    assert any(
        "Linear is called by the script on what another module made" in n for n in session.notes
    )


def test_a_module_called_once_beside_its_model_is_no_subject(tmp_path: Path) -> None:
    def train() -> Left:
        model = small()
        model[0](torch.rand(1, 1, 10, 10))
        return trained(model)

    run, _ = watch(train, tmp_path)
    assert [s.name for s in run.subjects] == ["Sequential"]


def test_a_second_optimizer_takes_over(tmp_path: Path) -> None:
    def train() -> Left:
        model = small()
        optimizers = [
            torch.optim.SGD(model[3].parameters(), 0.05),
            torch.optim.Adam(model.parameters()),
        ]
        for optimizer in optimizers:
            for x, y in batches():
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        return left(model)

    run, _ = watch(train, tmp_path)
    (subject,) = run.subjects
    # The first step of the second optimizer might have been one of two in turn.
    assert subject.steps == 15
    assert subject.facts["optimizer"] == "Adam"


def test_parameters_without_a_module_are_noted(tmp_path: Path) -> None:
    session = Session(Settings(run_file=tmp_path / "r.snellen"), script="s", clock=lambda: 0.0)
    session.arm()
    kernel = torch.rand(4, 1, 3, 3, requires_grad=True)
    optimizer = torch.optim.SGD([kernel], 0.1)
    for _ in range(4):
        F.conv2d(torch.rand(2, 1, 6, 6), kernel).mean().backward()
        optimizer.step()
    assert session.finish() is None
    assert any("no module" in note for note in session.notes)


def test_computed_kernels_are_noted(tmp_path: Path) -> None:
    def train() -> Left:
        model = small()
        nn.utils.parametrizations.weight_norm(model[0])
        return trained(model)

    run, session = watch(train, tmp_path)
    assert [s.name for s in run.subjects] == ["Sequential"]
    assert any("the weights of 0 are computed" in note for note in session.notes)


@pytest.mark.parametrize("way", ["wrapper", "in place", "helper"])
def test_compiled_trainings_stay_the_same(way: str, tmp_path: Path) -> None:
    def train() -> Left:
        torch.compiler.reset()
        model = small(nn.BatchNorm2d(4), nn.ReLU())
        called: Any = model
        loss: Any = F.cross_entropy
        if way == "wrapper":
            called = torch.compile(model, backend="eager")
        elif way == "in place":
            model.compile(backend="eager")
        else:
            loss = torch.compile(lambda out, y: F.cross_entropy(out * 1.0, y), backend="eager")
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        with warnings.catch_warnings():
            # PyTorch warns where global hooks are in place around a compiled module.
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message="Using `torch.compile")
            for x, y in batches():
                optimizer.zero_grad()
                loss(called(x), y).backward()
                optimizer.step()
        return left(model)

    run, session = watch(train, tmp_path)
    (subject,) = run.subjects
    assert subject.steps == 8
    assert [(x.name, x.activation) for x in subject.layers] == [("0", "relu"), ("4", "linear")]
    assert probed(subject)[0] == 0
    assert any("compiled" in note for note in session.notes) == (way == "helper")


def test_an_interrupt_inside_the_model_does_not_end_the_watching(tmp_path: Path) -> None:
    class Interrupted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = small()
            self.stop = False

        def forward(self, x: Tensor) -> Tensor:
            x = self.body[0](x)
            if self.stop:
                raise KeyboardInterrupt
            return self.body[1:](x)

    def train() -> Left:
        model = Interrupted()
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        for i, (x, y) in enumerate(batches()):
            model.stop = i in (0, 2, 3)
            try:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            except KeyboardInterrupt:
                model.stop = False
        assert torch._C._len_torch_function_stack() == 0
        return left(model)

    run, _ = watch(train, tmp_path)
    (subject,) = run.subjects
    assert subject.steps == 5
    assert [x.name for x in subject.layers] == ["body.0", "body.3"]


def spoilt(where: str) -> Left:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(144, 10),
    )
    rate = 1e25 if where == "step" else 1e-3
    optimizer = torch.optim.SGD(model.parameters(), rate)
    for i, (x, y) in enumerate(batches()):
        if where == "input" and i == 3:
            x = x.clone()
            x[5, 0, 2, 2] = float("nan")
        optimizer.zero_grad()
        out = model(x)
        if where == "loss" and i == 3:
            out = torch.log(torch.softmax(out * 1e4, 1))
            loss = -(out * F.one_hot(y, 10)).sum(1).mean()
        else:
            loss = F.cross_entropy(out, y)
        loss.backward()
        optimizer.step()
    return left()


@pytest.mark.parametrize(
    ("where", "producer"),
    [("input", ("input", "input")), ("loss", ("loss", "loss")), ("step", ("2", "pre"))],
)
def test_the_producer_of_the_first_nan_is_named(
    where: str, producer: tuple[str, str], tmp_path: Path
) -> None:
    run, _ = watch(lambda: spoilt(where), tmp_path)
    origins: Any = run.subjects[0].facts["nonfinite"]
    producers = [(o["tensor"], o["part"]) for o in origins if o["inputs_finite"]]
    assert producers == [producer]


LOSSES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], int]] = {
    "cross-entropy": (lambda out, y: F.cross_entropy(out, y), 10),
    "log-softmax": (lambda out, y: F.nll_loss(F.log_softmax(out, 1), y), 10),
    "sigmoid": (lambda out, y: F.binary_cross_entropy(torch.sigmoid(out)[:, 0], y % 2.0), 1),
    "squeezed": (lambda out, y: F.binary_cross_entropy_with_logits(out.squeeze(1), y % 2.0), 1),
    "values": (lambda out, y: F.mse_loss(out.view(-1), y / 10), 1),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_scripts_own_loss_is_asked_of_the_probe(name: str, tmp_path: Path) -> None:
    loss, units = LOSSES[name]
    expected: list[float] = []

    def train() -> Left:
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, units))
        kept = trained(model, lambda out, y: loss(out, y))
        x, y = images(64)
        with torch.no_grad():
            expected.append(float(loss(model(x), y)))
        return kept

    run, _ = watch(train, tmp_path)
    assert answers(run.subjects[0]).loss == pytest.approx(expected[0], rel=1e-4)
