"""Write measured facts into the ground truth and the README.

`python -m gallery.record [FACTS.jsonl]` takes the lines that `gallery.measure` printed, replaces
the `[[measured]]` tables of every program they speak of, and writes the README's tables anew.
Programs that `gallery.measure` can't take apart have a few figures of their own in their truth.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from gallery.truth import FRAMEWORKS, GALLERY, programs

MARK = "# What was measured, by: python -m gallery.measure "
TABLE = "<!-- measured: python -m gallery.record -->"

FEW_LAYERS = 4
"""Above that the README's table shows one number for all layers."""


def main() -> None:
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if sys.argv[1:] else []
    facts = [json.loads(line) for line in lines]
    for program in programs():
        mine = [f for f in facts if f["program"] == program]
        if mine:
            _write_truth(program, sorted(mine, key=_order))
    readme = GALLERY / "README.md"
    head, _, _ = readme.read_text(encoding="utf-8").partition(TABLE)
    text = f"{head}{TABLE}\n\n{_table()}\n## Every program\n\n{_programs()}"
    readme.write_text(text, encoding="utf-8")


def _order(facts: dict[str, Any]) -> tuple[int, int]:
    return FRAMEWORKS.index(facts["framework"]), facts["seed"]


def _write_truth(program: str, facts: list[dict[str, Any]]) -> None:
    path = GALLERY / program / "truth.toml"
    stated, _, _ = path.read_text(encoding="utf-8").partition(MARK)
    lines = [stated.rstrip(), "", f"{MARK}{program} --framework FRAMEWORK --seeds SEED"]
    for one in facts:
        lines += ["", "[[measured]]"]
        lines += [f"{key} = {_toml(value)}" for key, value in _summary(one).items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _summary(facts: dict[str, Any]) -> dict[str, Any]:
    kept = {k: facts[k] for k in ("framework", "seed", "prior_loss")}
    if "raised" in facts:
        return kept | {"raised": facts["raised"]}
    before, after = facts["before"], facts["after"]
    kept |= {k: after[k] for k in ("loss", "accuracy", "commonest_prediction_share")}
    kept["lowest_recall"] = min(after["recall"].values())
    if "test_accuracy" in facts:
        kept["test_accuracy"] = facts["test_accuracy"]
    kept["dead_before"], kept["dead_after"] = before["dead"], after["dead"]
    kept["rms_before"] = before["rms"]
    kept["image_share_before"], kept["image_share_after"] = (
        {k: v for k, v in state["image_share"].items() if v is not None}
        for state in (before, after)
    )
    names = ("relative_gradient", "first_update", "kappa", "kernel_moved")
    kept |= {name: facts[name] for name in names}
    kept["first_layer_gradient_rms"] = facts["first_layer_gradient_rms"]
    ratio = after["strength_rare_over_common"]
    kept["strength_rare_over_common"] = {k: v for k, v in ratio.items() if v is not None}
    kept["training_seconds"] = facts["seconds"]
    return kept


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + " }"
    return json.dumps(value)


def _table() -> str:
    rows = [
        "| program | framework | seeds | loss (of the best constant) | accuracy | test accuracy "
        "| lowest recall | dead channels, start → end | κ of the first step |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for program in programs():
        text = (GALLERY / program / "truth.toml").read_text(encoding="utf-8")
        measured = tomllib.loads(text).get("measured", [])
        for framework in FRAMEWORKS:
            mine = [m for m in measured if m["framework"] == framework and "prior_loss" in m]
            if mine:
                rows.append(_row(program, framework, mine))
    return "\n".join(rows) + "\n"


def _programs() -> str:
    """What each one is, the frameworks it exists for and the figure that says how it ended."""
    rows = ["| program | planted | what it is | measured |", "|---|---|---|---|"]
    for program in programs():
        text = tomllib.loads((GALLERY / program / "truth.toml").read_text(encoding="utf-8"))
        planted = text.get("symptom") or "; ".join(text.get("planted", ())) or "nothing"
        about = " ".join(text["about"].split())
        rows.append(f"| {program} | {planted} | {about} | {_figures(text.get('measured', []))} |")
    return "\n".join(rows) + "\n"


def _figures(measured: list[dict[str, Any]]) -> str:
    """`torch: test accuracy 0.97`, of the first seed of each framework."""
    parts: dict[str, str] = {}
    for one in measured:
        told = [f"{k.replace('_', ' ')} {v:g}" for k, v in one.items() if _figure(k, v)]
        if told:
            parts.setdefault(one["framework"], ", ".join(told))
    return "; ".join(f"{framework}: {told}" for framework, told in parts.items())


def _figure(key: str, value: Any) -> bool:
    told = key.startswith(("accuracy", "test_", "loss", "mended_", "faulty_"))
    return told and isinstance(value, (int, float))


def _row(program: str, framework: str, runs: list[dict[str, Any]]) -> str:
    seeds = " ".join(str(m["seed"]) for m in runs)
    if "raised" in runs[0]:
        error = runs[0]["raised"].partition(":")[0]
        return f"| {program} | {framework} | {seeds} | {error}: nothing trained | | | | | |"
    first = runs[0]
    convs = list(first["dead_before"])
    start, end = (_dead(first[key]) for key in ("dead_before", "dead_after"))
    shifts = [first["kappa"][name] for name in convs if name in first["kappa"]]
    kappa = " ".join(f"{k:.2g}" for k in shifts)
    if len(shifts) > FEW_LAYERS:
        kappa = f"{min(shifts):.2g} to {max(shifts):.2g}"
    loss = f"{_span(runs, 'loss')} ({first['prior_loss']:.3g})"
    cells = [program, framework, seeds, loss, _span(runs, "accuracy")]
    cells += [_span(runs, "test_accuracy"), _span(runs, "lowest_recall"), f"{start} → {end}", kappa]
    return "| " + " | ".join(cells) + " |"


def _dead(by_layer: dict[str, str]) -> str:
    if len(by_layer) <= FEW_LAYERS:
        return " ".join(by_layer.values())
    counts = [[int(part) for part in text.split("/")] for text in by_layer.values()]
    return "{}/{} in all".format(*map(sum, zip(*counts, strict=True)))


def _span(runs: list[dict[str, Any]], key: str) -> str:
    """The lowest and the highest value over the seeds."""
    values = [m[key] for m in runs if key in m]
    if not values:
        return ""
    low, high = f"{min(values):.3g}", f"{max(values):.3g}"
    return low if low == high else f"{low} to {high}"


if __name__ == "__main__":
    main()
