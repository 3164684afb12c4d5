"""On JAX no normalisation is inserted, and it is said."""

from __future__ import annotations

import pytest
from changing import BACKEND, changed, convolutional, left_behind, trained

if BACKEND != "jax":
    pytest.skip("of JAX", allow_module_level=True)


def test_says_that_it_can_not_and_changes_nothing() -> None:
    bare = left_behind(trained(convolutional))
    with changed("normalisation") as effect:
        assert left_behind(trained(convolutional)) == bare
    assert effect.done == {}
    assert "on JAX no normalisation is inserted" in effect.limits[0]
