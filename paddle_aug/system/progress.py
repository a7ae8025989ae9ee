"""Whether bars show how far a command has come."""

import logging


def no_bar() -> bool | None:
    """What tqdm's `disable` is: True with --quiet; without, None hides bars where there is no
    terminal."""
    return logging.getLogger("paddle_aug").level >= logging.WARNING or None
