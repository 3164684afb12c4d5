"""Watches a training: which models there are, when to look at them, and at what price."""

from snellen.capture.session import Session as Session
