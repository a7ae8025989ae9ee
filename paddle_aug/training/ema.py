"""An average of the weights over training steps, often more accurate than the last weights."""

from contextlib import contextmanager

import paddle


class Average:
    """An exponential moving average of a network's weights and batch statistics.

    The decay is at most (1 + step) / (10 + step), so that the average soon forgets the random first
    weights. A decay of 0 stands for the network itself.
    """

    def __init__(self, network: paddle.nn.Layer, decay: float):
        self.network = network
        self.decay = decay
        self.steps = 0
        self.weights = (
            {name: value.detach().clone() for name, value in network.state_dict().items()}
            if decay
            else {}
        )

    def update(self) -> None:
        """Update the average with the network's weights after a step."""
        self.steps += 1
        if not self.decay:
            return  # listing the network's state would take as long as the step of a small head
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        state = self.network.state_dict()
        for name, average in self.weights.items():
            value = state[name].detach()
            if average.dtype in (paddle.float32, paddle.float64):
                average.set_value(average * decay + value * (1 - decay))
            else:  # counts have no mean
                average.set_value(value)

    @contextmanager
    def in_place(self):
        """A context in which the network has the average's weights."""
        state = self.network.state_dict()
        own = {name: state[name].detach().clone() for name in self.weights}
        for name, value in self.weights.items():
            state[name].set_value(value)
        try:
            yield
        finally:
            for name, value in own.items():
                state[name].set_value(value)

    def state_dict(self) -> dict:
        """The average as `set_state_dict` takes it."""
        return {"steps": self.steps, "weights": self.weights}

    def set_state_dict(self, state: dict) -> None:
        """Resume the average of a `state_dict`."""
        self.steps = state["steps"]
        for name, value in state["weights"].items():
            self.weights[name].set_value(value)
