"""The words every room shares: where something was seen and what was decided there.

Nothing here imports a framework, computes a statistic or arranges a report.
"""

from snellen.core.errors import SnellenError as SnellenError
from snellen.core.layer import Layer as Layer
from snellen.core.layer import LayerKind as LayerKind
from snellen.core.layer import Window as Window
from snellen.core.layer import WindowKind as WindowKind
from snellen.core.place import Place as Place
from snellen.core.severity import Severity as Severity
from snellen.core.strictness import Strictness as Strictness
from snellen.core.verdict import Clear as Clear
from snellen.core.verdict import Evidence as Evidence
from snellen.core.verdict import Finding as Finding
from snellen.core.verdict import Undecided as Undecided
from snellen.core.verdict import Verdict as Verdict
