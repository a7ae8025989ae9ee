"""What every tool starts with: its clone first on sys.path, and a clean end."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from paddle_aug.errors import UserError

# Paddle's remarks on what is in order: it builds nothing here, batch normalisation is meant to
# track its means, and its GPU wheel may well run on a CPU.
for remark in ("No ccache found", "When training, we now always", "You are using GPU version"):
    warnings.filterwarnings("ignore", remark, UserWarning)


def run(main: Callable[[], int | None], stopped: str = "stopped") -> None:
    """Exit as `main()` says; after a UserError with its message and code 2; after Ctrl-C with the
    word `stopped` and code 130."""
    try:
        sys.exit(main())
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        sys.exit(130)
