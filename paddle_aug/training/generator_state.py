"""How far Paddle's generator has come, which dropout draws from, as plain values."""

import numpy as np
import paddle

from paddle_aug.errors import UserError

# Of a CPU's generator Paddle 2.6 tells the seed alone, so it is known by what it draws next.
MARK = 8  # numbers of 24 bits, which by chance come nowhere else
CHUNK = 2**20  # numbers that are looked through at a time
FARTHEST = 2**35  # numbers, some minutes of drawing


def generator_state() -> dict:
    """Where the current device's generator is; a CPU's is moved on by this."""
    state = {"paddle": paddle.__version__, "device": kind()}
    if kind() == "cpu":
        return {**state, "next": drawn(MARK)}
    return {**state, "state": paddle.get_rng_state()[device_number()].__getstate__()}


def go_to(state: dict) -> None:
    """Move the generator there, which has just been given the seed that it had then.

    On another device, or by another Paddle, a network comes out otherwise anyway, and nothing is
    done.

    Raises:
        UserError: a CPU's generator does not come there.
    """
    if (state["paddle"], state["device"]) != (paddle.__version__, kind()):
        return
    if kind() == "cpu":
        draw_until(np.asarray(state["next"]))
        return
    states = paddle.get_rng_state()  # of all GPUs
    here = device_number()
    device, *_ = states[here].__getstate__()
    made = type(states[here]).__new__(type(states[here]))
    made.__setstate__((device, *state["state"][1:]))
    paddle.set_rng_state([*states[:here], made, *states[here + 1 :]])


def kind() -> str:
    """The current device, "cpu" or "gpu", without its number."""
    return paddle.get_device().partition(":")[0]


def device_number() -> int:
    """Of GPUs, which it is."""
    return int(paddle.get_device().partition(":")[2] or 0)


def draw_until(mark: np.ndarray) -> None:
    """Draw from a CPU's generator until the mark comes next."""
    for _ in range(FARTHEST // CHUNK):
        before = paddle.get_rng_state()
        found = drawn(CHUNK + len(mark) - 1)
        starts = np.flatnonzero(found[:CHUNK] == mark[0])
        here = [i for i in starts if np.array_equal(found[i : i + len(mark)], mark)]
        paddle.set_rng_state(before)
        drawn(here[0] if here else CHUNK)
        if here:
            return
    raise UserError(
        "Paddle's generator does not come to where the interrupted epoch left it; leave --resume "
        "away to start anew"
    )


def drawn(count: int) -> np.ndarray:
    """The next numbers, of which dropout draws one for each value, too."""
    return paddle.uniform([int(count)], "float32", 0.0, 1.0).numpy()
