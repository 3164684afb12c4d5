"""One run: arms the adapters, hands what they tell to the subject it belongs to, and ends in a run
file."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import wrapt

from snellen.adapters.contract import Batch, Glimpse, LossCall, Model
from snellen.capture.boundary import Boundary, describe
from snellen.capture.budget import Budget
from snellen.capture.records import Records
from snellen.capture.subject import SubjectWatch
from snellen.core import Layer
from snellen.core.version import version
from snellen.record import RunWriter, require_free
from snellen.settings import Settings
from snellen.stats import kernels

IDLE_STEPS = 100
"""A model that has not stepped while another took this many steps has ended its training."""

RETIRED_SHARE = 0.5
"""Of the time left for examining models, for one that ends while others may go on."""


class Adapter(Protocol):
    """What a session asks of a framework's adapter, besides what it tells."""

    def arm(self) -> None: ...

    def disarm(self) -> None: ...

    def adopt(self, model: Any) -> None:
        """A model named by its user (`snellen.watch`)."""
        ...

    def release(self, key: Any) -> None:
        """Let go of one model that trains no more."""
        ...

    def forget(self) -> None:
        """Let go of every model; after the last look."""
        ...


class Session:
    """Implements `adapters.contract.Observer`. All its methods run inside the boundary."""

    def __init__(
        self,
        settings: Settings,
        *,
        script: str,
        argv: Sequence[str] = (),
        module: bool = False,
        directory: Path | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`script` and `argv` as they were given in `directory`, and whether the script is the name
        of a module: what is needed to run it again.

        Raises `RunFileError` when the run file can't be where the settings want it: better now
        than after an hour of training."""
        self.settings = settings
        # Absolute: the script may change its directory.
        self._place = (settings.run_file or Path()).absolute()
        require_free(self._place)
        self.boundary = Boundary(self._tripped)
        self.probe_images = settings.probe_images
        self.path: Path | None = None
        """The run file, once a model has begun to train."""
        self._script, self._argv, self._module = script, list(argv), module
        self._directory = directory or Path.cwd()
        self._clock = clock
        self._began: float | None = None
        self._budget = Budget(settings.overhead_budget)
        self._writer: RunWriter | None = None
        self._subjects: dict[Any, SubjectWatch] = {}
        self._last_steps: dict[Any, int] = {}
        self._steps = 0
        self._adapters: dict[str, Adapter] = {}
        self._events: list[tuple[str, str]] = []
        self._noted: set[str] = set()
        self._armed = False
        self._finished = False
        self._process = os.getpid()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the watching itself."""
        return tuple(text for _, text in self._events)

    def arm(self) -> None:
        """Watch whatever the script trains: adapters are armed as their frameworks are imported."""
        self._armed = True
        for framework in ("torch", "keras"):
            wrapt.register_post_import_hook(self._on_import, framework)

    def adopt(self, model: Any) -> None:
        """Watch this model's framework, which is imported already."""
        self._armed = True
        framework = "keras" if _is_keras(model) else "torch"
        self._arm(framework)
        self.boundary("session.adopt", self._adapters[framework].adopt, model)

    def finish(self, error: BaseException | None = None) -> Path | None:
        """End the watching: last looks, hooks off, run file closed. Returns the file's path, or
        `None` when nothing was trained. `error` is what ended the script, if it did not end by
        itself."""
        if self._finished or os.getpid() != self._process:
            return self.path
        self._finished = True
        self._armed = False
        broke_off = error is not None and not isinstance(error, SystemExit)
        if error is not None and broke_off:
            self.boundary.even_so("session.error", self.note, "script-error", _ended_by(error))
        for left, key in zip(range(len(self._subjects), 0, -1), list(self._subjects), strict=True):
            self.boundary("session.finish", self._end, key, not broke_off, 1 / left)
        self._disarm()
        for adapter in self._adapters.values():
            self.boundary("session.forget", adapter.forget)
        self._close()
        return self.path

    # -- the observer
    # --------------------------------------------------------------------------------

    def begin(self, key: Any, model: Model) -> None:
        if self._began is None:
            self._began = self._clock()
        writer = self._open()
        self._subjects[key] = SubjectWatch(
            model,
            Records(writer, model.name, model.framework),
            probe_images=self.settings.probe_images,
            budget=self._budget,
            clock=self._clock,
            training_seconds=self._training_seconds,
            note=self.note,
        )
        self._last_steps[key] = self._steps
        self._subjects[key].begin()

    def wants_batch(self, key: Any) -> bool:
        subject = self._subjects.get(key)
        return subject is not None and subject.wants_batch()

    def batch(self, key: Any, batch: Batch) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.batch(batch)

    def wants_held_out(self, key: Any) -> bool:
        subject = self._subjects.get(key)
        return subject is not None and subject.wants_held_out()

    def held_out(self, key: Any, batch: Batch) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.held_out(batch)

    def probe_from(self, key: Any, batch: Batch, *, complete: bool) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.probe_from(batch, complete)

    def wants_maps(self, key: Any) -> bool:
        subject = self._subjects.get(key)
        return subject is not None and subject.wants_maps()

    def glimpse(self, key: Any, glimpse: Glimpse) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.glimpse(glimpse)

    def maps_done(self, key: Any, layers: tuple[Layer, ...]) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.maps_done(layers)

    def wants_update(self, key: Any) -> bool:
        subject = self._subjects.get(key)
        return subject is not None and subject.wants_update()

    def before_update(self, key: Any) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.before_update()

    def after_update(self, key: Any) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.after_update()

    def stepped(self, key: Any) -> None:
        if (subject := self._subjects.get(key)) is None:
            return
        subject.stepped()
        self._steps += 1
        self._last_steps[key] = self._steps
        if self._steps % IDLE_STEPS == 0:
            self._retire()

    def loss(self, key: Any, call: LossCall) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.loss(call)

    def logged(self, key: Any, values: Mapping[str, float]) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.logged(values)

    def epoch(self, key: Any, done: int) -> None:
        if (subject := self._subjects.get(key)) is not None:
            subject.epoch(done)

    def note(self, kind: str, text: str, key: Any = None) -> None:
        """The same text is noted once."""
        if text in self._noted:
            return
        self._noted.add(text)
        self._events.append((kind, text))
        if self._writer is not None:
            self._writer.add_event(kind, text)

    # -- inside
    # --------------------------------------------------------------------------------------

    def _on_import(self, module: Any) -> None:
        # Keras on torch imports torch half-way through its own import; it is told of once more.
        if module.__name__ == "keras" and not hasattr(module, "Model"):
            return
        if self._armed and os.getpid() == self._process:
            self._arm(module.__name__)

    def _arm(self, framework: str) -> None:
        if framework not in self._adapters and self.boundary.tripped is None:
            self.boundary("session.arm", self._make, framework)

    def _make(self, framework: str) -> None:
        adapter: Adapter
        if framework == "torch":
            from snellen.adapters.torch import TorchAdapter

            adapter = TorchAdapter(self, self.boundary, self._watches)
        else:
            from snellen.adapters.keras import KerasAdapter

            adapter = KerasAdapter(self, self.boundary, self._watches)
        self._adapters[framework] = adapter
        adapter.arm()

    def _watches(self, layer: str) -> bool:
        return layer == "" or self.settings.watches(layer)

    def _open(self) -> RunWriter:
        if self._writer is None:
            manifest = {
                "snellen": version(),
                "script": self._script,
                "argv": self._argv,
                "module": self._module,
                "directory": str(self._directory),
                "started": datetime.now().astimezone().isoformat(timespec="seconds"),
                "python": platform.python_version(),
                "frameworks": _versions(),
                "kernel": "compiled" if kernels.COMPILED else "numpy",
                "probe_images": self.settings.probe_images,
                "overhead_budget": self.settings.overhead_budget,
            }
            stem = Path(self._script).stem or "run"
            self._writer = RunWriter.create_at(self._place, stem, manifest)
            self.path = self._writer.path
            if kernels.reason_not_compiled is not None:
                self.note("slow-kernel", kernels.reason_not_compiled)
            for kind, text in self._events:
                self._writer.add_event(kind, text)
            self._writer.flush()
        return self._writer

    def _end(self, key: Any, examine: bool, share: float) -> None:
        subject = self._subjects[key]
        subject.finish(look=subject.model.as_trained(), examine=examine, share=share)

    def _retire(self) -> None:
        for key, last in list(self._last_steps.items()):
            if self._steps - last >= IDLE_STEPS and key in self._subjects:
                self._end(key, True, RETIRED_SHARE)
                del self._subjects[key], self._last_steps[key]
                for adapter in self._adapters.values():
                    adapter.release(key)

    def _tripped(self, name: str, error: Exception) -> None:
        """The first failure inside snellen: everything comes off, and the run says so."""
        steps = max((s.step for s in self._subjects.values()), default=0)
        self._disarm()
        text = (
            f"the watching stopped after step {steps}, the training went on unwatched: "
            f"{name}: {describe(error)}"
        )
        self._events.append(("stopped", text))
        try:
            if self._writer is not None:
                self._writer.add_event("stopped", text, steps)
                self._writer.flush()
        except (
            Exception
        ) as second:  # The disk may be what failed; the training goes on all the same.
            self._events.append(("stopped", f"the run file could not be written: {second}"))

    def _disarm(self) -> None:
        for adapter in self._adapters.values():
            adapter.disarm()

    def _close(self) -> None:
        if self._writer is None:
            return
        try:
            self._writer.update_manifest(
                {
                    "training_seconds": self._training_seconds(),
                    "watching_seconds": self._budget.spent_seconds,
                    "examining_seconds": self._budget.examining_seconds,
                }
            )
            self._writer.close()
        except Exception as error:
            self._events.append(("stopped", f"the run file could not be finished: {error}"))

    def _training_seconds(self) -> float:
        if self._began is None:
            return 0.0
        return self._clock() - self._began - self._budget.spent_seconds


def _is_keras(model: Any) -> bool:
    return any(cls.__module__.partition(".")[0] == "keras" for cls in type(model).__mro__)


def _versions() -> dict[str, str]:
    """Versions of the frameworks that are loaded; importing none."""
    return {
        name: str(sys.modules[name].__version__)
        for name in ("torch", "keras", "tensorflow", "jax")
        if name in sys.modules and hasattr(sys.modules[name], "__version__")
    }


def _ended_by(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "the script was interrupted (Ctrl-C); the verdict covers the training up to then"
    return f"the script failed with {type(error).__name__}: {error}"
