"""What a user reads when a data set is refused."""

import pytest

from paddle_aug.data.dataset import open_dataset
from paddle_aug.errors import UserError


def refused(*args, **options) -> str:
    """The message with which `open_dataset` refuses these arguments."""
    with pytest.raises(UserError) as error:
        open_dataset(*args, **options)
    return str(error.value)


def reasons(data: str) -> list[str]:
    """The faults that the message lists, without the lines around them."""
    return refused(data).splitlines()[1:-1]
