"""When a process of a run dies, all end, and one message says which and why. No Paddle.

`python -m paddle.distributed.launch` looks every second whether one of its processes has ended, and
ends the others. It does so on its own machine only; and as gloo aborts the others at once where one
dies, the launcher then mostly names the wrong one, and shows its stack.

So each process that it starts, a rank, becomes a supervisor here, which starts the same command
again, as its child, and learns how that ends. Supervisors know of each other through one of them,
the hub, to which all are connected; a connection breaks when its process ends, however that came.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from paddle_aug.system.processes import Shard

SUPERVISOR = "PADDLE_AUG_SUPERVISOR"  # in a child's environment: its supervisor's process id

# Seconds
HELD = 1.0  # what a child has said of late waits, as it may be no more than another one's end
FOLLOWING = 5.0  # for the cause, where a rank ended as one does whose peer is gone
STOPPING = 60.0  # for all ranks to end by themselves, where one was told to stop
MEETING = 60.0  # for the hub to answer
LATE = 20.0  # for ranks that have not met the hub when it knows what ended the job
LAUNCHER = 15.0  # for the launcher to end what is left

TOLD = 20_000  # characters of what an ending rank said last
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)  # exit codes
CONNECTIONS = ("gloo::", "gloo/", "NCCL", "ncclUnhandled", "TCPStore", "tcp_store", "tcp_utils")
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


@dataclass(frozen=True)
class Ending:
    """How a rank ended: with its child's exit code (-9: killed by signal 9), or without a word."""

    rank: int
    host: str
    log: str
    code: int | None
    told: str = ""
    stopping: bool = False

    @property
    def follows(self) -> bool:
        """Whether it ended as one does whose peer is gone."""
        said = any(word in self.told for word in CONNECTIONS)
        return self.code == -signal.SIGABRT or (self.code == 1 and said)

    @property
    def exit_code(self) -> int:
        """As a shell has it."""
        if self.code is None:
            return 1
        return self.code if self.code >= 0 else 128 - self.code

    def message(self, size: int, machines: int) -> str:
        """What the user is told; of a user's mistake the rank itself said all."""
        said = self.told.strip()
        if self.code == 2:
            return said
        where = f" on {self.host}" if machines > 1 else ""
        if self.code is None:
            why = "is gone: its supervisor was killed, or its machine cannot be reached any more"
        elif self.code >= 0:
            why = f"ended with exit code {self.code}"
            last = said.rpartition("\n")[2]
            if self.code not in STOPPED and last:
                why += f": {last}"
        else:
            number = signal.Signals(-self.code)
            hint = ", as happens where memory runs out" if number == signal.SIGKILL else ""
            why = f"was killed by signal {-self.code} ({number.name}){hint}"
        found = f"rank {self.rank} of {size}{where} {why}. All ranks have been ended"
        if self.log:
            found += f"; this one's output is in {self.log}"
        return f"{said}\n\n{found}" if said else found


def needed() -> bool:
    """Whether this process is one of several that the launcher started, and not yet a child."""
    return Shard.of_environment().size > 1 and not supervised()


def supervised() -> bool:
    """Whether this process is a supervisor's child."""
    return os.environ.get(SUPERVISOR) == str(os.getppid())


def supervise() -> NoReturn:
    """Run this very command as a child, and exit as the whole job does."""
    asyncio.run(_supervise())


async def _supervise() -> NoReturn:
    code = await Supervisor(Shard.of_environment()).run()
    sys.stderr.flush()
    os._exit(code)  # the launcher sends its signal thrice, and asyncio stops handling it first


@contextmanager
def ending_at_once() -> Iterator[None]:
    """End a supervised process as soon as it is through: Paddle's own clearing up may wait for the
    others, and by the time that one which failed is through with it, they seem to have failed
    first."""
    if not supervised():
        yield
        return
    code = 0
    try:
        yield
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class Supervisor:
    """One rank's, and of the second rank the hub as well: the first one's port may be taken by
    Paddle's own store."""

    HUB = 1

    def __init__(self, shard: Shard):
        self.rank, self.size = shard.rank, shard.size
        self.machines = int(os.environ.get("PADDLE_NNODES", "1"))
        self.here = int(os.environ.get("PADDLE_LOCAL_SIZE", str(self.size)))
        self.place = int(os.environ.get("PADDLE_RANK_IN_NODE", str(self.rank)))
        self.host = socket.gethostname()
        self.log = str(Path(os.environ.get("PADDLE_LOG_DIR", "log")) / f"workerlog.{self.place}")
        self.child: asyncio.subprocess.Process | None = None
        self.held: deque[tuple[float, bytes]] = deque()  # what it said last, and when
        self.told_to_stop = asyncio.Event()
        self.own = asyncio.get_running_loop().create_future()  # its ending
        self.endings: list[Ending] = []  # of all, which the hub has heard of
        self.news = asyncio.Event()
        self.members: list[asyncio.StreamWriter] = []

    async def run(self) -> int:
        """The exit code, once all ranks have ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, number)
        verdict = asyncio.create_task(self.judge() if self.rank == self.HUB else self.ask())
        await self.run_child(verdict)
        cause = await verdict
        if cause is None:
            self.write(0)
            return 0
        return await self.leave(cause)

    async def run_child(self, verdict: asyncio.Task) -> None:
        """From the child's start to its end, which comes with the verdict if not before."""
        self.child = await asyncio.create_subprocess_exec(
            *(sys.executable, *sys.orig_argv[1:]),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, SUPERVISOR: str(os.getpid())},
            start_new_session=True,  # the launcher signals whole groups, and three times
            preexec_fn=dying_with_parent(),
        )
        if self.told_to_stop.is_set():  # before there was a child
            self.signal_child(signal.SIGTERM)
        listening = asyncio.create_task(self.listen(self.child.stderr))
        ended = asyncio.create_task(self.child.wait())
        await asyncio.wait([ended, verdict], return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            self.signal_child(signal.SIGKILL)
        await ended
        # Its data workers have the same stderr, and may outlive it by a moment.
        await asyncio.wait([listening], timeout=HELD)
        listening.cancel()
        told = b"".join(chunk for _, chunk in self.held).decode(errors="replace")[-TOLD:]
        self.own.set_result(self.ending(self.child.returncode, told))

    def ending(self, code: int | None, told: str = "") -> Ending:
        """This rank's."""
        stopping = self.told_to_stop.is_set() or code in STOPPED
        return Ending(self.rank, self.host, self.log, code, told, stopping)

    async def listen(self, stream: asyncio.StreamReader) -> None:
        """Pass on what the child says, a while later."""
        while True:
            try:
                chunk = await asyncio.wait_for(stream.read(2**16), HELD)
            except asyncio.TimeoutError:
                chunk = None
            self.write(HELD)
            if chunk == b"":
                return
            if chunk:
                self.held.append((time.monotonic(), chunk))

    def write(self, age: float) -> None:
        """Write what has been held for so many seconds."""
        while self.held and self.held[0][0] <= time.monotonic() - age:
            sys.stderr.buffer.write(self.held.popleft()[1])
        sys.stderr.flush()

    def stop(self, number: int) -> None:
        """Pass a signal on to the child, once: it may want to save what it has."""
        if not self.told_to_stop.is_set() and self.child and self.child.returncode is None:
            self.signal_child(number)
        self.told_to_stop.set()

    def signal_child(self, number: int) -> None:
        """Not by asyncio's way, which asks first whether the child has ended, and so may take its
        exit code from the thread that waits for it (python/cpython#87744)."""
        with suppress(ProcessLookupError):
            os.kill(self.child.pid, number)

    async def leave(self, cause: Ending) -> int:
        """Tell what happened, if that is for this one to do, and let the launcher end the others.

        Of those that have failed, the launcher prints the log of the first one; that of its first
        process it prints all along, and then again. So of several the second one tells.
        """
        places = [*range(1, self.here), 0]
        if cause.code is None:  # the launcher may be gone before a later one has spoken
            places = [each for each in range(self.here) if self.rank_at(each) != cause.rank]
        if self.place == places[0]:
            said = cause.message(self.size, self.machines)
            if self.told_to_stop.is_set() and cause.stopping:
                said = cause.told.strip()
            print(said, file=sys.stderr, flush=True)
        else:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.told_to_stop.wait(), LAUNCHER)
        return cause.exit_code

    def rank_at(self, place: int) -> int:
        """The rank of a process of this machine."""
        return self.rank - self.place + place

    def address(self) -> tuple[str, int]:
        """The hub's."""
        host, _, port = os.environ["PADDLE_TRAINER_ENDPOINTS"].split(",")[self.HUB].partition(":")
        return ("127.0.0.1" if self.machines == 1 else host), int(port)

    async def ask(self) -> Ending | None:
        """Tell the hub how this rank ends, and hear what ended the job; None: nothing did."""
        gone = Ending(self.HUB, self.address()[0], "", None)
        try:
            reader, writer = await self.connected()
            keep_alive(writer)
            writer.write(line(asdict(self.ending(None))))
            telling = asyncio.create_task(self.tell(writer))
            heard = await reader.readline()
        except OSError:
            return gone
        telling.cancel()
        if not heard:
            return gone
        found = json.loads(heard)
        return found and Ending(**found)

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the hub, which may not be there yet."""
        until = time.monotonic() + MEETING
        while True:
            try:
                return await asyncio.open_connection(*self.address(), limit=2**20)
            except OSError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.1)

    async def tell(self, writer: asyncio.StreamWriter) -> None:
        writer.write(line(asdict(await asyncio.shield(self.own))))

    async def judge(self) -> Ending | None:
        """As the hub, hear how all ranks end, and tell them what ended the job."""
        host, port = self.address()
        bound = host if self.machines == 1 else None
        self.server = await asyncio.start_server(self.meet, bound, port, limit=2**20)
        self.own.add_done_callback(lambda own: self.note(own.result()))
        cause = await self.cause()
        until = time.monotonic() + LATE
        while len(self.members) < self.size - 1 and not self.told_to_stop.is_set():
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.05)
        for writer in self.members:
            writer.write(line(cause and asdict(cause)))
        return cause

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear how a rank ends."""
        keep_alive(writer)
        try:
            last = Ending(**json.loads(await reader.readline()))
        except (OSError, ValueError, TypeError):
            writer.close()  # no rank of ours
            return
        self.members.append(writer)
        try:
            heard = await reader.readline()
        except OSError:
            heard = b""
        self.note(Ending(**json.loads(heard)) if heard else last)

    def note(self, ending: Ending) -> None:
        self.endings.append(ending)
        self.news.set()

    async def cause(self) -> Ending | None:
        """The ending that all others are to follow; None when all ended well."""
        until = None
        while True:
            failed = [each for each in self.endings if each.code != 0]
            first = [each for each in failed if not each.follows and not each.stopping]
            if first or (failed and len(self.endings) == self.size):
                return [*first, *failed][0]
            if len(self.endings) == self.size:
                return None
            if failed and until is None:
                until = time.monotonic() + (STOPPING if failed[0].stopping else FOLLOWING)
            if until and time.monotonic() > until:
                return failed[0]
            self.news.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.news.wait(), until and until - time.monotonic())


def line(content: dict | None) -> bytes:
    """A message."""
    return json.dumps(content).encode() + b"\n"


def keep_alive(writer: asyncio.StreamWriter) -> None:
    """Let the connection break within 30 s where the other machine cannot be reached any more."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def dying_with_parent() -> Callable[[], None] | None:
    """What lets a child, which calls it, be killed when its parent ends; of Linux."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
