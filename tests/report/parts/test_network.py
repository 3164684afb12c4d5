"""The strip: who reads from whom, and what is worst where."""

from __future__ import annotations

from dataclasses import replace

from report import runs
from snellen.core import Severity
from snellen.report.parts.network import network

A, B, C, D = (runs.layer(name, place, 4) for place, name in enumerate("abcd"))


def test_layers_that_follow_each_other_skip_nothing() -> None:
    layers = [A, replace(B, inputs=("a",)), replace(C, inputs=("b",))]
    found = network(runs.subject(layers), [])
    assert (found.skips, found.breaks) == ((), frozenset())
    assert [node.reads for node in found.nodes] == [(), (0,), (1,)]


def test_a_skip_connection_is_an_arc_and_no_break() -> None:
    layers = [A, replace(B, inputs=("a",)), replace(C, inputs=("b", "a"))]
    found = network(runs.subject(layers), [])
    assert (found.skips, found.breaks) == (((0, 2),), frozenset())


def test_a_branch_begins_where_a_layer_does_not_read_from_the_one_before() -> None:
    layers = [
        A,
        replace(B, inputs=("a",)),
        replace(C, inputs=("a",)),
        replace(D, inputs=("b", "c")),
    ]
    found = network(runs.subject(layers), [])
    assert found.skips == ((0, 2), (1, 3))
    assert found.breaks == {2}


def test_a_layer_that_reads_from_one_that_is_not_watched_stays_where_it_is() -> None:
    found = network(runs.subject([A, replace(B, inputs=("left out",))]), [])
    assert found.nodes[1].reads == ()
    assert found.breaks == frozenset()


def test_the_flag_is_that_of_the_worst_finding_of_this_model() -> None:
    findings = [
        runs.finding("a", "x", severity=Severity.NOTE),
        runs.finding("a", "x", severity=Severity.WARNING),
        runs.finding("b", "x", severity=Severity.ERROR, subject="Other"),
    ]
    nodes = network(runs.subject([A, B]), findings).nodes
    assert [node.severity for node in nodes] == [Severity.WARNING, None]
