"""Draws the probe: a fixed set of training images, balanced over the classes where they are
known."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

SEARCHED = 8
"""How many times the wanted images are looked through before a class counts as too rare to fill."""

KNOWN_IN_A_ROW = 64


@dataclass
class ProbeDraw:
    """Chooses images as they pass by, first come first served within each class's share.

    Holds indices and hashes alone, no image. Identical images are taken once; when only
    known ones keep coming, the training set has been seen in full.
    """

    wanted: int
    """Images in the probe."""
    classes: int = 0
    """Classes there are; 0 while unknown."""
    population: int | None = None
    """Images in the training set, where that is known."""
    seen: int = field(default=0, init=False)
    """Images that passed by."""
    distinct: int = field(default=0, init=False)
    _hashes: set[bytes] = field(default_factory=set[bytes], init=False)
    _repeats: int = field(default=0, init=False)
    """Known images since the last new one."""
    _taken: Counter[int] = field(default_factory=Counter[int], init=False)
    _chosen: int = field(default=0, init=False)
    _spare: int = field(default=0, init=False)

    def offer(
        self, images: npt.NDArray[Any] | None, labels: npt.NDArray[np.int64] | None, count: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Which of a batch's `count` images to take: those within their class's share, and spare
        ones to fill up with if some class stays rare. `labels` `(count,)` are classes, or
        `None`."""
        take: list[int] = []
        spare: list[int] = []
        share = self._share(labels)
        for i in range(count):
            self.seen += 1
            if images is not None and self._known(images[i]):
                continue
            self.distinct += 1
            label = int(labels[i]) if labels is not None else 0
            if self._taken[label] < share and self._chosen < self.wanted:
                self._taken[label] += 1
                self._chosen += 1
                take.append(i)
            elif self._spare < self.wanted:
                self._spare += 1
                spare.append(i)
        return np.array(take, np.int64), np.array(spare, np.int64)

    @property
    def whole_set_seen(self) -> bool:
        """All images there are, or so many known ones in a row that no others can be left.

        Were a tenth of the set unseen, 64 known images in a row would have a chance of 0.1%.
        """
        if self.distinct == 0:
            return False
        return self.distinct == self.population or self._repeats >= min(
            self.distinct, KNOWN_IN_A_ROW
        )

    @property
    def complete(self) -> bool:
        """Enough was chosen, or what is missing will hardly come: known images outnumber new
        ones."""
        return (
            self._chosen >= self.wanted
            or self.seen >= min(SEARCHED * self.wanted, 2 * self.distinct + KNOWN_IN_A_ROW)
            or self.whole_set_seen
        )

    def _share(self, labels: npt.NDArray[np.int64] | None) -> int:
        if labels is None:
            return self.wanted
        present = max(self.classes, len(set(self._taken) | set(labels.tolist())))
        return -(-self.wanted // max(present, 1))

    def _known(self, image: npt.NDArray[Any]) -> bool:
        digest = hashlib.blake2b(
            np.ascontiguousarray(image).view(np.uint8).data, digest_size=8
        ).digest()
        if digest in self._hashes:
            self._repeats += 1
            return True
        self._repeats = 0
        self._hashes.add(digest)
        return False
