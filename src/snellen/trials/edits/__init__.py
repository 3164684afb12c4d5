"""A remedy written into the text of a script, where that can be done with certainty.

Only values in plain sight are changed: literals, keyword arguments, the one assignment or the
option's default that a value comes from. Where a place can't be known for sure, nothing is changed
and it is said which line a person has to look at. The script itself is never written to.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from snellen.causes import Edit, Setting
from snellen.trials.edits import layers, loading, optimisers, wiring
from snellen.trials.edits.script import Replacement as Replacement
from snellen.trials.edits.script import Script, replaced
from snellen.trials.edits.script import UnsureError as UnsureError

Finder = Callable[[Script, Edit, str], list[Replacement]]

FINDERS: Mapping[Setting, Finder] = {
    Setting.LEARNING_RATE: optimisers.learning_rate,
    Setting.WEIGHT_DECAY: optimisers.weight_decay,
    Setting.MOMENTUM: optimisers.momentum,
    Setting.BETAS: optimisers.betas,
    Setting.EPSILON: optimisers.epsilon,
    Setting.BATCH_SIZE: loading.batch_size,
    Setting.EPOCHS: loading.epochs,
    Setting.SHUFFLING: loading.shuffling,
    Setting.SCALING: loading.scaling,
    Setting.DROPOUT: layers.dropout,
    Setting.ACTIVATION: layers.activation,
    Setting.INITIALISER: layers.initialiser,
    Setting.L1: layers.penalty,
    Setting.L2: layers.penalty,
    Setting.SOFTMAX: layers.softmax,
    Setting.CLASS_WEIGHTS: wiring.class_weights,
    Setting.CLIPPING: wiring.clipping,
    Setting.ZEROING: wiring.zeroing,
    Setting.FREEZING: wiring.freezing,
    Setting.PARAMETERS: wiring.parameters,
}
"""How each setting is found in a script."""


@dataclass(frozen=True)
class Refused:
    """Why a script was not edited."""

    why: str
    line: int | None = None
    """Counted from 1; `None`: no line can be named."""
    text: str = ""
    """That line, as it is written."""

    def sentence(self) -> str:
        at = f"line {self.line} (`{self.text}`): " if self.line is not None else ""
        return f"{at}{self.why}"


def edit(
    text: str, edits: Sequence[Edit], framework: str, arguments: Sequence[str] = ()
) -> tuple[Replacement, ...] | Refused:
    """The passages of a script to replace for all of these edits, or why that is not sure.

    `framework`: `torch` or `keras`. `arguments`: what the script is run with, which may stand over
    the defaults in it.
    """
    script: Script | None = None
    try:
        script = Script(text, arguments)
        found: list[Replacement] = []
        for one in edits:
            found += FINDERS[one.setting](script, one, framework)
        # What no longer is a script would be no remedy.
        Script(replaced(text, found))
    except UnsureError as error:
        said = script.line_text(error.line) if script and error.line is not None else ""
        return Refused(str(error), error.line, said)
    return tuple(sorted(set(found), key=lambda r: r.start))


def diff(text: str, edited: str, name: str) -> str:
    """A unified diff that `patch -p1` and `git apply` take; `name`: of the script, from where they
    are called. Empty where nothing differs."""
    lines = difflib.unified_diff(
        _lines(text), _lines(edited), f"a/{name}", f"b/{name}", lineterm="\n"
    )
    said: list[str] = []
    for line in lines:
        said.append(line)
        if not line.endswith("\n"):
            said.append("\n\\ No newline at end of file\n")
    return "".join(said)


def _lines(text: str) -> list[str]:
    """Ended by line feeds alone, as diffs count them."""
    kept = text.split("\n")
    return [f"{line}\n" for line in kept[:-1]] + ([kept[-1]] if kept[-1] else [])
