"""An average of the weights over the steps of training, which is often better than the last."""

from contextlib import contextmanager

import paddle


class Average:
    """An exponential moving average of all that a network's state holds, batch statistics too.

    Over the first steps it follows faster, by (1 + step) / (10 + step), else it would remember the
    random weights of the start for long. A decay of 0 is the network itself.
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
        """Count the network's weights in, after a step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        now = self.network.state_dict()
        for name, average in self.weights.items():
            value = now[name].detach()
            if average.dtype in (paddle.float32, paddle.float64):
                average.set_value(average * decay + value * (1 - decay))
            else:  # a count, of which there is no mean
                average.set_value(value)

    @contextmanager
    def in_place(self):
        """Within this context the network has the average's weights."""
        own = {name: self.network.state_dict()[name].detach().clone() for name in self.weights}
        self._put(self.weights)
        try:
            yield
        finally:
            self._put(own)

    def _put(self, weights: dict[str, paddle.Tensor]) -> None:
        now = self.network.state_dict()
        for name, value in weights.items():
            now[name].set_value(value)

    def state_dict(self) -> dict:
        """What `set_state_dict` takes to go on from here."""
        return {"steps": self.steps, "weights": self.weights}

    def set_state_dict(self, state: dict) -> None:
        """Go on from there."""
        self.steps = state["steps"]
        for name, value in state["weights"].items():
            self.weights[name].set_value(value)
