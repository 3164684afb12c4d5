"""The tables of a run file. `docs/run-file.md` describes them to those who read one by
themselves."""

from __future__ import annotations

APPLICATION_ID = int.from_bytes(b"SNLN", "big")
"""SQLite's own mark for whose file it is, at byte 68 of the header."""

SCHEMA_VERSION = 1
"""SQLite's `user_version`, at byte 60. Raised when an older reader would misread a newer file; a
new statistic, layer attribute, fact or manifest key does not raise it."""

TABLES = """
CREATE TABLE manifest (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE subjects (
    subject INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    framework TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE TABLE layers (
    subject INTEGER NOT NULL REFERENCES subjects,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (subject, number)
);
CREATE TABLE moments (
    subject INTEGER NOT NULL REFERENCES subjects,
    clock TEXT NOT NULL,
    step INTEGER NOT NULL,
    number INTEGER NOT NULL,
    epoch INTEGER,
    seconds REAL NOT NULL,
    cost_seconds REAL NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (subject, clock, step)
);
CREATE TABLE statistics (
    subject INTEGER NOT NULL REFERENCES subjects,
    clock TEXT NOT NULL,
    step INTEGER NOT NULL,
    layer TEXT NOT NULL,
    part TEXT NOT NULL,
    statistic TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (subject, clock, step, layer, part, statistic)
);
CREATE TABLE losses (
    subject INTEGER NOT NULL REFERENCES subjects,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (subject, kind, number)
);
CREATE TABLE thumbnails (
    subject INTEGER NOT NULL REFERENCES subjects,
    layer TEXT NOT NULL,
    step INTEGER NOT NULL,
    image INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    png BLOB NOT NULL,
    PRIMARY KEY (subject, layer, step, image, channel)
);
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    step INTEGER,
    subject INTEGER REFERENCES subjects
);
CREATE TABLE verdicts (
    number INTEGER PRIMARY KEY,
    verdict TEXT NOT NULL
);
"""

TRIALS_TABLE = """
CREATE TABLE IF NOT EXISTS trials (
    number INTEGER PRIMARY KEY,
    trial TEXT NOT NULL
)
"""
"""Made when the first trial is stored: a run that was never tried has none."""

FIXES_TABLE = """
CREATE TABLE IF NOT EXISTS fixes (
    number INTEGER PRIMARY KEY,
    plan TEXT NOT NULL
)
"""
"""Made when remedies are tried for the first time."""
