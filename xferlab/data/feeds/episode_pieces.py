"""The inputs of episodes that are scored, as compiled programs take them."""

from __future__ import annotations

from collections.abc import Iterator

from xferlab.core.inputs import Inputs, take_lazily
from xferlab.data.episodes import DrawnEpisodes
from xferlab.data.feeds.pieces import Piece, Pieces


class EpisodePieces:
    """The examples of scored episodes, cut into pieces with one block for each episode."""

    def __init__(self, inputs: Inputs, drawn: DrawnEpisodes):
        """Takes the inputs of a split (NumPy), and the episodes that are of it."""
        self.inputs = inputs
        self.drawn = drawn
        block = drawn.test.examples
        self._pieces = Pieces(take_lazily(inputs, drawn.rows.ravel()), block=block)

    def __iter__(self) -> Iterator[Piece]:
        """Yields the pieces in order; the rows of each are the queries, which answers are for."""
        test = self.drawn.test
        for piece in self._pieces:
            yield piece._replace(rows=piece.rows // test.examples * test.query_size)
