"""tools/train.py, of which a rank dies: DIES="1 evaluation kill" says which, where, and how."""

import os
import signal
import sys

from paddle_aug import cli
from paddle_aug.errors import UserError

PLACES = {"start": "use_device", "training": "train_step", "evaluation": "evaluate"}


def die(how: str) -> None:
    match how:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise ValueError("it broke")
        case "mistake":
            raise UserError("the user is to mend this")


if __name__ == "__main__":
    rank, place, how = os.environ["DIES"].split()
    if rank in ("all", os.environ["PADDLE_TRAINER_ID"]):
        from paddle_aug.training import fit as train

        before = getattr(train, PLACES[place])

        def dying(*arguments):
            die(how)
            return before(*arguments)

        setattr(train, PLACES[place], dying)
    sys.argv[0] = "tools/train.py"
    cli.run_command("train")
