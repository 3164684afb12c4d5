"""Where a setting comes from, and what is said when it does not fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from snellen.core import Severity, Strictness
from snellen.settings import Settings, SettingsError, resolve
from snellen.settings.settings import KINDS


def pyproject(directory: Path, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "pyproject.toml").write_text(text, encoding="utf-8")
    return directory


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert resolve({}, {}, tmp_path) == Settings()


def test_every_setting_can_be_given() -> None:
    assert list(KINDS) == [x.name for x in dataclasses.fields(Settings)]


@pytest.mark.parametrize(
    ("cli", "env", "table", "images"),
    [
        ({}, {}, "", 320),
        ({}, {}, "probe-images = 50", 50),
        ({}, {"SNELLEN_PROBE_IMAGES": "60"}, "probe-images = 50", 60),
        ({"probe_images": 70}, {"SNELLEN_PROBE_IMAGES": "60"}, "probe-images = 50", 70),
        ({"probe_images": None}, {"SNELLEN_PROBE_IMAGES": "60"}, "probe-images = 50", 60),
        ({"probe_images": None}, {"SNELLEN_PROBE_IMAGES": ""}, "probe-images = 50", 50),
    ],
)
def test_the_nearest_to_the_command_wins(
    tmp_path: Path, cli: dict[str, Any], env: dict[str, str], table: str, images: int
) -> None:
    pyproject(tmp_path, f"[tool.snellen]\n{table}")

    assert resolve(cli, env, tmp_path).probe_images == images


def test_each_source_gives_its_own(tmp_path: Path) -> None:
    pyproject(tmp_path, '[tool.snellen]\nprobe-images = 50\nquiet = true\ninclude = ["a.*"]')

    settings = resolve(
        {"exclude": ["a.3"], "fail_on": Severity.ERROR, "run_file": Path("x.snellen")},
        {"SNELLEN_OVERHEAD_BUDGET": "0.5", "HOME": "/", "SNELLENX": "?"},
        tmp_path,
    )

    assert settings == Settings(
        run_file=Path("x.snellen"),
        probe_images=50,
        overhead_budget=0.5,
        include=("a.*",),
        exclude=("a.3",),
        fail_on=Severity.ERROR,
        quiet=True,
    )


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PROBE_IMAGES", "16", 16),
        ("PROBE_IMAGES", " 100000 ", 100_000),
        ("OVERHEAD_BUDGET", "2%", 0.02),
        ("OVERHEAD_BUDGET", "1", 1.0),
        ("INCLUDE", "conv1, features.*,", ("conv1", "features.*")),
        ("FAIL_ON", "warning", Severity.WARNING),
        ("JSON", "out/verdicts.json", Path("out/verdicts.json")),
        ("RUN_FILE", "~/x.snellen", Path.home() / "x.snellen"),
        ("QUIET", "1", True),
        ("QUIET", "True", True),
        ("QUIET", "no", False),
        ("SELECT", "S01, activation", ("S01", "activation")),
        ("STRICTNESS", "strict", Strictness.STRICT),
        ("BASELINE", "accepted.json", Path("accepted.json")),
        ("THRESHOLDS", "S01.max-share=0.5, S04.x=1", {"S01.max-share": 0.5, "S04.x": 1.0}),
    ],
)
def test_text_becomes_a_value(tmp_path: Path, variable: str, text: str, expected: Any) -> None:
    settings = resolve({}, {f"SNELLEN_{variable}": text}, tmp_path)

    value = getattr(settings, variable.lower())
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PROBE_IMAGES", "many", "a whole number from 16 to 100000"),
        ("STRICTNESS", "very", "lenient, normal or strict"),
        ("THRESHOLDS", "S01=0.5", "SYMPTOM.THRESHOLD=NUMBER"),
        ("THRESHOLDS", "S01.max-share", "SYMPTOM.THRESHOLD=NUMBER"),
        ("THRESHOLDS", "S01.max-share=nan", "SYMPTOM.THRESHOLD=NUMBER"),
        ("PROBE_IMAGES", "320.0", "a whole number"),
        ("PROBE_IMAGES", "15", "a whole number"),
        ("PROBE_IMAGES", "100001", "a whole number"),
        ("OVERHEAD_BUDGET", "0", "a share above 0"),
        ("OVERHEAD_BUDGET", "2", "a share above 0"),
        ("OVERHEAD_BUDGET", "1.01", "a share above 0"),
        ("OVERHEAD_BUDGET", "nan", "a share above 0"),
        ("OVERHEAD_BUDGET", "%", "a share above 0"),
        ("FAIL_ON", "note", "warning or error"),
        ("QUIET", "perhaps", "true or false"),
    ],
)
def test_text_that_does_not_fit_is_named_with_its_source(
    tmp_path: Path, variable: str, text: str, expected: str
) -> None:
    for cli, env, source in (
        ({}, {f"SNELLEN_{variable}": text}, f"SNELLEN_{variable}"),
        ({variable.lower(): text}, {}, f"--{variable.lower().replace('_', '-')}"),
    ):
        with pytest.raises(SettingsError) as caught:
            resolve(cli, env, tmp_path)
        assert caught.value.source == source
        assert str(caught.value).startswith(f"{source}: met {text!r}; expected {expected}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('probe-images = "320"', "a whole number"),
        ("probe-images = true", "a whole number"),
        ("probe-images = 320.0", "a whole number"),
        ("overhead-budget = true", "a share"),
        ('overhead-budget = "much"', "a share"),
        ('include = "conv1"', "patterns of layer names"),
        ("include = [1]", "patterns of layer names"),
        ('exclude = [""]', "patterns of layer names"),
        ("fail-on = 2", "warning or error"),
        ("json = 1", "a path"),
        ('json = ""', "a path"),
        ('quiet = "yes"', "true or false"),
        ("quiet = 1", "true or false"),
    ],
)
def test_a_toml_value_of_the_wrong_type_is_named_with_its_file(
    tmp_path: Path, line: str, expected: str
) -> None:
    pyproject(tmp_path, f"[tool.snellen]\n{line}")

    with pytest.raises(SettingsError) as caught:
        resolve({}, {}, tmp_path)

    key = line.partition(" ")[0]
    assert caught.value.source == f"{tmp_path / 'pyproject.toml'} [tool.snellen] {key}"
    assert f"expected {expected}" in str(caught.value)


@pytest.mark.parametrize(
    ("cli", "env", "table", "hint"),
    [
        ({"probe_image": 3}, {}, "", "--probe-image; did you mean --probe-images?"),
        (
            {},
            {"SNELLEN_PROBE_IMGS": "3"},
            "",
            "SNELLEN_PROBE_IMGS; did you mean SNELLEN_PROBE_IMAGES?",
        ),
        ({}, {}, "probe_images = 3", "probe_images; did you mean probe-images?"),
        ({}, {}, "zzz = 3", "zzz; there are: run-file, probe-images, "),
    ],
)
def test_a_name_that_is_none_is_refused(
    tmp_path: Path, cli: dict[str, Any], env: dict[str, str], table: str, hint: str
) -> None:
    pyproject(tmp_path, f"[tool.snellen]\n{table}")

    with pytest.raises(SettingsError) as caught:
        resolve(cli, env, tmp_path)

    assert hint in str(caught.value)


def test_the_nearest_file_with_our_table_counts_and_its_paths_start_there(tmp_path: Path) -> None:
    pyproject(tmp_path, "[tool.snellen]\nprobe-images = 50\n")
    near = pyproject(tmp_path / "a", '[tool.snellen]\nrun-file = "runs"\njson = "/tmp/x.json"')
    deep = pyproject(tmp_path / "a" / "b" / "c", "[tool.other]\nprobe-images = 70\n")

    settings = resolve({}, {}, deep)

    assert settings == Settings(run_file=near / "runs", json=Path("/tmp/x.json"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[tool.snellen", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        (b"tool = 3\n", None),
        (b"[tool]\nsnellen = 3\n", "expected a table"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, problem: str | None) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)

    if problem is None:
        assert resolve({}, {}, tmp_path) == Settings()
        return
    with pytest.raises(SettingsError, match=problem) as caught:
        resolve({}, {}, tmp_path)
    assert str(tmp_path / "pyproject.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("include", "exclude", "watched"),
    [
        ((), (), ["conv1", "features.0", "features.10", "Features.3"]),
        (("features.*",), (), ["features.0", "features.10"]),
        ((), ("features.*",), ["conv1", "Features.3"]),
        (("features.*",), ("features.1*",), ["features.0"]),
        (("conv?",), (), ["conv1"]),
    ],
)
def test_layers_are_chosen_by_patterns(
    include: tuple[str, ...], exclude: tuple[str, ...], watched: list[str]
) -> None:
    settings = Settings(include=include, exclude=exclude)
    layers = ["conv1", "features.0", "features.10", "Features.3"]

    assert [x for x in layers if settings.watches(x)] == watched


def test_thresholds_of_all_sources_are_joined_one_by_one(tmp_path: Path) -> None:
    pyproject(tmp_path, "[tool.snellen.thresholds.dead-channels]\nmax-share = 0.5\nmin-alive = 2")

    settings = resolve(
        {"thresholds": "S04.a=1"}, {"SNELLEN_THRESHOLDS": "dead-channels.min-alive=3"}, tmp_path
    )

    assert settings.thresholds == {
        "dead-channels.max-share": 0.5,
        "dead-channels.min-alive": 3.0,
        "S04.a": 1.0,
    }
