"""What a run saw where its images are mixed, which Paddle does."""

from paddle_aug.preview.mixing import mixed_cells
from paddle_aug.studio.query import Query
from paddle_aug.studio.runs import answer_seen
from paddle_aug.studio.state import Studio


def seen(studio: Studio, query: Query) -> dict:
    """An image beside what the network of a run saw of it, to a grey level."""
    return answer_seen(studio, query, mixed_cells)


ROUTES = {"runs-mixed": seen}
