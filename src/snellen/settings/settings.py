"""The settings, their defaults and what each may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from snellen.core import Severity, Strictness
from snellen.settings.kinds import FilePath, Kind, Names, Number, OneOf, Share, Thresholds, Truth


@dataclass(frozen=True)
class Settings:
    """All that the user may choose about a run. `resolve` makes it."""

    run_file: Path | None = None
    """The new run file, or a directory to put it into; `None`: the current directory."""

    probe_images: int = 320
    """Images of the fixed probe set. A channel that none of 320 switches on is active on less than
    0.9% of all images (rule of three, 95%); more images tell more and take longer."""

    overhead_budget: float = 0.02
    """Share (0 to 1) of the training time that watching may take."""

    include: tuple[str, ...] = ()
    """Patterns (`features.*`) of layer names to watch; `()`: all."""

    exclude: tuple[str, ...] = ()
    """Patterns of layer names to leave out, of those included."""

    select: tuple[str, ...] = ()
    """Symptoms to judge, by code (`S01`), name (`dead-channels`) or family (`activation`), patterns
    allowed; `()`: all."""

    ignore: tuple[str, ...] = ()
    """Symptoms to leave out, of those selected."""

    strictness: Strictness = Strictness.NORMAL
    """How many false alarms to put up with."""

    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    """Thresholds that differ from their defaults: `{"dead-channels.max-share": 0.5}`."""

    baseline: Path | None = None
    """A file of findings that were accepted before (`snellen baseline`): only others are shown."""

    fail_on: Severity | None = None
    """End with an exit status of its own when a finding is at least this severe."""

    json: Path | None = None
    """Where to write the verdicts as JSON as well."""

    html: Path | None = None
    """Where to write the report page as well."""

    sarif: Path | None = None
    """Where to write the findings as SARIF as well, for code hosts."""

    junit: Path | None = None
    """Where to write the verdicts as JUnit XML as well, for build servers."""

    quiet: bool = False
    """Show no verdict card."""

    def watches(self, layer: str) -> bool:
        """Whether a layer of this name is to be watched. Case counts."""
        included = not self.include or any(fnmatchcase(layer, x) for x in self.include)
        return included and not any(fnmatchcase(layer, x) for x in self.exclude)


KINDS: dict[str, Kind] = {
    "run_file": FilePath(),
    "probe_images": Number(16, 100_000),
    "overhead_budget": Share(),
    "include": Names(),
    "exclude": Names(),
    "select": Names("symptoms by code, name or family, such as S01 or activation"),
    "ignore": Names("symptoms by code, name or family, such as S01 or activation"),
    "strictness": OneOf(tuple(Strictness)),
    "thresholds": Thresholds(),
    "baseline": FilePath(),
    "fail_on": OneOf((Severity.WARNING, Severity.ERROR)),
    "json": FilePath(),
    "html": FilePath(),
    "sarif": FilePath(),
    "junit": FilePath(),
    "quiet": Truth(),
}
"""What each setting may be."""
