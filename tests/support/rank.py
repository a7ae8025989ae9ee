"""A process that a supervisor watches, without Paddle: it ends as the environment says."""

import os
import signal
import sys
import time

from paddle_aug.system.processes import Shard
from paddle_aug.training.supervisor import ending_at_once, needed, supervise

if __name__ == "__main__":
    if needed():
        if os.environ.get("LATE") == str(Shard.of_environment().rank):
            time.sleep(2)
        supervise()
    acts = os.environ["ACTS"].split()
    with ending_at_once():
        match acts[Shard.of_environment().rank]:
            case "ends":
                print("through", file=sys.stderr)
            case "waits":
                time.sleep(60)
            case "breaks":
                raise ValueError("it broke")
            case "errs":
                print("the user is to mend this", file=sys.stderr)
                sys.exit(2)
            case "killed":
                time.sleep(1)
                os.kill(os.getpid(), signal.SIGKILL)
            case "orphaned":
                time.sleep(1)
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(60)
            case "aborts":  # as gloo does where a peer is gone
                print("terminate called after throwing 'gloo::IoException'", file=sys.stderr)
                os.abort()
            case "saves":
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
                print("ready", flush=True)
                time.sleep(60)
