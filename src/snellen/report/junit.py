"""Verdicts as JUnit XML, which build servers read: a test case for each symptom of each model."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from snellen.core import Finding, Severity, Undecided
from snellen.report.document import Document
from snellen.report.plain import plain

COUNTS = ("tests", "failures", "errors", "skipped")


def junit_text(document: Document, fail_on: Severity = Severity.WARNING) -> str:
    """One suite a model. A symptom fails with its findings as severe as `fail_on`; lesser ones are
    what a passing case wrote; a symptom that was judged nowhere is skipped."""
    suites = ElementTree.Element("testsuites", name="snellen")
    for subject in document.subjects:
        suite = ElementTree.SubElement(suites, "testsuite", name=plain(subject.name))
        counts: dict[str, int] = dict.fromkeys(COUNTS, 0)
        for code, name in _symptoms(document, subject.name).items():
            case = ElementTree.SubElement(
                suite, "testcase", classname=plain(subject.name), name=f"{code} {name}"
            )
            counts["tests"] += 1
            ending = _fill(case, document, subject.name, code, fail_on)
            if ending:
                counts[ending] += 1
        for key, number in counts.items():
            suite.set(key, str(number))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _symptoms(document: Document, subject: str) -> dict[str, str]:
    """Codes and names of the symptoms that had a say on this model, in code order."""
    told = {v.code: v.symptom for v in document.verdicts if v.place.subject == subject}
    return dict(sorted(told.items()))


def _fill(
    case: ElementTree.Element, document: Document, subject: str, code: str, fail_on: Severity
) -> str:
    """Say how the case ended; which of the suite's counts it adds to, empty where it passed."""
    own = [v for v in document.verdicts if v.place.subject == subject and v.code == code]
    findings = [v for v in own if isinstance(v, Finding)]
    grave = [f for f in findings if f.severity.rank >= fail_on.rank]
    if grave:
        worst = max(grave, key=lambda finding: finding.severity.rank)
        failure = ElementTree.SubElement(
            case, "failure", type=worst.severity.value, message=_said(worst)
        )
        failure.text = "\n".join(map(_said, grave))
        return "failures"
    if findings:
        ElementTree.SubElement(case, "system-out").text = "\n".join(map(_said, findings))
        return ""
    undecided = [v for v in own if isinstance(v, Undecided)]
    if undecided and len(undecided) == len(own):
        ElementTree.SubElement(case, "skipped", message=plain(f"needs {undecided[0].needs}"))
        return "skipped"
    return ""


def _said(finding: Finding) -> str:
    where = finding.place.layer or "the model"
    return plain(f"{finding.severity.value} in {where}: {finding.evidence.sentence()}")
