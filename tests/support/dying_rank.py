"""tools/train.py, of which a rank dies: DIES="1 evaluation kill" says which, where, and how."""

import os
import signal
import sys
import time

from paddle_aug import cli
from paddle_aug.errors import UserError
from paddle_aug.system.processes import Shard
from paddle_aug.training.supervisor import supervised

PLACES = {"start": "use_device", "training": "smoothed_loss", "evaluation": "evaluate"}


def die(how: str) -> None:
    print(f"dies at {time.time()}", flush=True)
    match how:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "supervisor":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        case "raise":
            raise ValueError("it broke")
        case "mistake":
            raise UserError("the user is to mend this")
        case "exit":
            sys.exit(7)


if __name__ == "__main__":
    rank, place, how = os.environ["DIES"].split()
    if supervised() and rank in ("all", str(Shard.of_environment().rank)):
        from paddle_aug.training import fit as train

        before = getattr(train, PLACES[place])

        def dying(*arguments):
            die(how)
            return before(*arguments)

        setattr(train, PLACES[place], dying)
    sys.argv[0] = "tools/train.py"
    cli.run_command("train")
