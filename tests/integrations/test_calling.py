"""A training function is found again by its name in a new process, or it is said why not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integrations import trainings
from snellen.integrations.calling import MODULE, Call, CallError, being_called

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("train", "keywords", "said"),
    [
        (trainings.LAMBDA, {}, "a lambda has no name"),
        (trainings.made(), {}, "inside a function or a class"),
        (trainings.Trainer.fit, {}, "inside a function or a class"),
        (trainings.Trainer().fit, {}, "no plain function"),
        (len, {}, "no plain function"),
        (trainings.own, {}, "not this function any more"),
        (trainings.rate_too_high, {"rate": Path("x")}, "can't be told to another process"),
        (trainings.rate_too_high, {"rate": float("nan")}, "can't be told to another process"),
        (trainings.rate_too_high, {"rate": (1, 2)}, "can't be told to another process"),
        (trainings.rate_too_high, {"speed": 1}, "unexpected keyword argument 'speed'"),
    ],
)
def test_what_can_not_be_called_again_is_said(
    train: Any, keywords: dict[str, Any], said: str
) -> None:
    with pytest.raises(CallError, match=said):
        Call.of(train, keywords, HERE)


def test_a_function_of_a_notebook_has_no_file() -> None:
    names: dict[str, Any] = {"__name__": "of_no_file"}
    exec("def train(): pass", names)
    with pytest.raises(CallError, match="a notebook, or the Python prompt"):
        Call.of(names["train"], {}, HERE)


def test_it_is_named_from_where_it_is_imported() -> None:
    tests = HERE.parent
    inside = Call.of(trainings.rate_too_high, {"rate": 0.1}, tests)
    assert inside.arguments == (".", "integrations.trainings", "rate_too_high", '{"rate": 0.1}')
    assert Call.of(trainings.rate_too_high, {}, HERE).root == str(tests)
    assert not being_called()


def test_a_script_is_called_without_what_it_does_as_main(tmp_path: Path) -> None:
    script = tmp_path / "sub" / "train.py"
    script.parent.mkdir()
    (script.parent / "beside.py").write_text("WORD = 'beside'\n")
    script.write_text(
        "import beside\n"
        "from pathlib import Path\n"
        "from snellen.integrations.calling import Call, being_called\n"
        "def train(number):\n"
        "    print(beside.WORD, number, being_called(), __name__)\n"
        "if __name__ == '__main__':\n"
        "    import json\n"
        "    print(json.dumps(Call.of(train, {'number': 3}, Path.cwd()).arguments))\n"
    )
    run = [sys.executable, "sub/train.py"]
    told = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    arguments = json.loads(told.stdout)
    assert arguments == ["sub", "sub/train.py", "train", '{"number": 3}']
    called = subprocess.run(
        [sys.executable, "-m", MODULE, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert called.stdout.split() == ["beside", "3", "True", "snellen_training"]
