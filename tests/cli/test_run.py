"""`snellen run` on real trainings, from the script to the verdict."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli.command import environment, python, snellen
from cli.training import DEAD, HEALTHY, write_script


@dataclass(frozen=True)
class Done:
    directory: Path
    process: subprocess.CompletedProcess[str]
    verdicts: dict[str, Any]

    @property
    def file(self) -> Path:
        [file] = self.directory.glob("*.snellen")
        return file


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Done:
    directory = tmp_path_factory.mktemp("dead")
    write_script(directory)
    arguments = ["--json", "verdicts.json", "--fail-on", "error", "train.py", *DEAD]
    done = snellen("run", *arguments, directory=directory)
    return Done(directory, done, json.loads((directory / "verdicts.json").read_text()))


def test_standard_output_is_the_scripts_alone(dead: Done) -> None:
    bare = python("train.py", *DEAD, directory=dead.directory)
    assert bare.returncode == 0
    assert dead.process.stdout == bare.stdout


def test_the_card_names_the_dead_layer(dead: Done) -> None:
    assert "S01 dead-channels" in dead.process.stderr
    assert "conv1" in dead.process.stderr
    assert "8 of 8 dead" in dead.process.stderr
    assert dead.file.name in dead.process.stderr


def test_a_finding_of_an_error_fails_what_was_told_to_fail(dead: Done) -> None:
    assert dead.process.returncode == 3


def test_the_json_says_what_the_card_says(dead: Done) -> None:
    assert dead.verdicts["schema"] == "snellen.verdicts/1"
    [found] = [v for v in dead.verdicts["verdicts"] if (v["code"], v["layer"]) == ("S01", "conv1")]
    assert found["channels"] == list(range(8))
    assert found["severity"] == "error"
    assert found["evidence"]["channels"] == 8
    assert dead.verdicts["run"]["script"] == "train.py"
    assert dead.verdicts["run"]["file"] == dead.file.name


def test_the_diagnosis_leads_and_its_weights_add_up_to_its_belief(dead: Done) -> None:
    [subject] = dead.verdicts["subjects"]
    assert dead.verdicts["diagnosis"] or subject["unknown_cause"]
    assert f"ERROR {dead.verdicts['headline']}" in " ".join(dead.process.stderr.split())
    for cause in dead.verdicts["diagnosis"]:
        log_odds = cause["prior"] + sum(reason["weight"] for reason in cause["evidence"])
        assert 1 / (1 + math.exp(-log_odds)) == pytest.approx(cause["belief"])
        assert cause["remedies"]
        assert {remedy["framework"] for remedy in cause["remedies"]} == {"torch"}


def test_the_schema_describes_the_json(dead: Done) -> None:
    schema = Path(__file__).parents[2] / "docs" / "verdicts.schema.json"
    jsonschema.validate(dead.verdicts, json.loads(schema.read_text(encoding="utf-8")))


BLOCKED = """
import sys

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "keras", "tensorflow", "jax"):
            raise AssertionError(f"{name} was imported")

sys.meta_path.insert(0, Wall())
from snellen.cli.app import main
sys.argv[0] = "snellen"
main()
"""


def test_a_report_needs_no_framework_and_gives_the_same_card(dead: Done) -> None:
    again = python("-c", BLOCKED, "report", dead.file.name, directory=dead.directory)
    assert again.returncode == 0
    assert again.stdout == dead.process.stderr
    assert again.stderr == ""


def test_a_report_fails_too_when_told_to(dead: Done) -> None:
    failing = snellen(
        "report", "-q", "--fail-on", "warning", dead.file.name, directory=dead.directory
    )
    assert (failing.returncode, failing.stdout, failing.stderr) == (3, "", "")


def test_a_report_can_put_json_alone_on_standard_output(dead: Done) -> None:
    done = snellen("report", "--json", "-", dead.file.name, directory=dead.directory)
    assert json.loads(done.stdout) == dead.verdicts
    assert "S01 dead-channels" in done.stderr


@pytest.mark.parametrize("contents", [None, b"", b"not a run file at all"])
def test_a_report_on_no_run_file_is_explained(tmp_path: Path, contents: bytes | None) -> None:
    if contents is not None:
        (tmp_path / "x.snellen").write_bytes(contents)
    done = snellen("report", "x.snellen", directory=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("snellen: ")
    assert "Traceback" not in done.stderr


def test_a_healthy_training_passes(tmp_path: Path) -> None:
    write_script(tmp_path)
    done = snellen("run", "--fail-on", "warning", "train.py", *HEALTHY, directory=tmp_path)
    assert done.returncode == 0
    assert "No fault found" in done.stderr


def test_the_scripts_own_status_wins_over_fail_on(tmp_path: Path) -> None:
    write_script(tmp_path)
    arguments = ["--fail-on", "error", "train.py", *DEAD, "leave"]
    done = snellen("run", *arguments, directory=tmp_path)
    assert done.returncode == 5
    assert "ERROR" in done.stderr


def test_a_crashed_training_gets_its_verdict_up_to_there(tmp_path: Path) -> None:
    script = write_script(tmp_path)
    done = snellen("run", "train.py", *DEAD, "fail", directory=tmp_path)
    trace, _, card = done.stderr.partition("snellen")
    line = script.read_text().splitlines().index('        raise ValueError("at step 200")') + 1
    assert trace.startswith(f'Traceback (most recent call last):\n  File "{script}", line {line}')
    assert "ValueError: at step 200" in trace
    assert "201 steps" in card
    assert "S01 dead-channels" in card
    assert done.returncode == 1


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it said; it is killed where it does not end by itself."""
    try:
        return process.communicate(timeout=120)
    finally:
        process.kill()


def hear_interrupts() -> None:
    """Ctrl-C as at a terminal: tests that run in the background are started deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_gives_the_verdict_and_then_ends_as_python_does(tmp_path: Path) -> None:
    write_script(tmp_path)
    command = [sys.executable, "-m", "snellen", "run", "train.py", "2", "100000000"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n"
    process.send_signal(signal.SIGINT)
    _, said = ended(process)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt\n" in said
    assert "S01 dead-channels" in said
    assert "snellen/" not in said.partition("snellen ───")[0].replace(str(tmp_path), "")


SLOW_VERDICT = """
import sys, time
import snellen.cli.verdict
def slow(*arguments, **options):
    print("judging", file=sys.stderr, flush=True)
    time.sleep(60)
snellen.cli.verdict.give_verdict = slow
from snellen.cli.app import main
sys.argv[0] = "snellen"
main()
"""


@pytest.mark.parametrize("handler", ["default", "the script's own"])
def test_a_ctrl_c_during_the_verdict_stops_at_once(tmp_path: Path, handler: str) -> None:
    script = write_script(tmp_path)
    if handler != "default":
        own = "import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\n"
        script.write_text(own + script.read_text())
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_VERDICT, "run", "train.py", "0.1", "5"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "judging\n"
    began = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    _, said = ended(process)
    assert time.monotonic() - began < 30
    assert process.returncode == -signal.SIGINT
    assert said == "snellen: the verdict was interrupted\n"


BROKEN_VERDICT = """
import sys
import snellen.cli.verdict
def broken(*arguments, **options):
    raise RuntimeError("a fault \\x1b of ours")
snellen.cli.verdict.give_verdict = broken
from snellen.cli.app import main
sys.argv[0] = "snellen"
main()
"""


def test_a_broken_verdict_leaves_the_scripts_status_alone(tmp_path: Path) -> None:
    write_script(tmp_path)
    done = python("-c", BROKEN_VERDICT, "run", "train.py", "0.1", "5", directory=tmp_path)
    assert done.returncode == 0
    assert "by a fault of snellen: RuntimeError: a fault \\x1b of ours" in done.stderr
    assert "the run file is" in done.stderr


BROKEN_ADAPTER = """
import sys
import snellen.adapters
class Adapters:
    def find_spec(self, name, path=None, target=None):
        if name == "snellen.adapters.torch":
            raise RuntimeError("no adapter today")
sys.meta_path.insert(0, Adapters())
from snellen.cli.app import main
sys.argv[0] = "snellen"
main()
"""


def test_a_watching_that_breaks_down_is_not_called_a_script_without_training(
    tmp_path: Path,
) -> None:
    write_script(tmp_path)
    done = python("-c", BROKEN_ADAPTER, "run", "train.py", "0.1", "5", directory=tmp_path)
    assert done.returncode == 0
    assert "loss" in done.stdout
    assert "no verdict: train.py could not be watched" in done.stderr
    assert "no adapter today" in done.stderr
    assert "no training seen" not in done.stderr


def test_paths_are_meant_from_where_the_command_was_given(tmp_path: Path) -> None:
    script = write_script(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    script.write_text("import os\nos.chdir('elsewhere')\n" + script.read_text())
    arguments = ["--run-file", "a.snellen", "--json", "a.json", "train.py", "0.1", "5"]
    done = snellen("run", *arguments, directory=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "a.snellen").is_file()
    assert (tmp_path / "a.json").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert "Run file: a.snellen" in done.stderr


def test_an_impossible_place_is_refused_before_the_script_runs(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("print('ran')")
    (tmp_path / "taken.snellen").write_text("something")
    for option, place, says in (
        ("--run-file", "taken.snellen", "exists already"),
        ("--run-file", "gone/a.snellen", "no directory"),
        ("--json", "gone/a.json", "no directory"),
    ):
        done = snellen("run", option, place, "script.py", directory=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr
    assert (tmp_path / "taken.snellen").read_text() == "something"


def test_nothing_that_reads_the_environment_is_loaded_before_the_script(tmp_path: Path) -> None:
    heavy = ("numpy", "torch", "keras", "PIL", "pandas")
    source = f"import sys; print([name for name in {heavy} if name in sys.modules])"
    (tmp_path / "script.py").write_text(source)
    assert snellen("run", "script.py", directory=tmp_path).stdout == "[]\n"


LOADER = """
import sys
import torch
from torch.utils.data import DataLoader, Dataset

class Images(Dataset):
    def __len__(self): return 64
    def __getitem__(self, i): return torch.rand(1, 6, 6) + i % 2, i % 2

if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(),
                                torch.nn.Linear(64, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(Images(), 16, num_workers=2, multiprocessing_context=sys.argv[1])
    for images, labels in loader:
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("done", flush=True)
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_data_loaders_may_have_workers(tmp_path: Path, method: str) -> None:
    (tmp_path / "train.py").write_text(LOADER)
    done = snellen("run", "train.py", method, directory=tmp_path)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr.count("Run file: ") == 1
    assert len(list(tmp_path.glob("*.snellen"))) == 1
