"""The optimizer and the first weights that a config names."""

import paddle

from paddle_aug.config import TrainConfig


def make_optimizer(config: TrainConfig, network: paddle.nn.Layer) -> paddle.optimizer.Optimizer:
    """Adam or SGD with the decay added to the gradient (L2), or AdamW (arXiv 1711.05101).

    All weights that are not frozen decay, even biases and normalisation, as in torch and Gluon.
    """
    rate, decay = config.learning_rate, config.weight_decay
    parameters = [value for value in network.parameters() if not value.stop_gradient]
    if config.optimizer == "adamw":
        return paddle.optimizer.AdamW(rate, parameters=parameters, weight_decay=decay)
    if config.optimizer == "adam":
        return paddle.optimizer.Adam(rate, parameters=parameters, weight_decay=decay or None)
    return paddle.optimizer.Momentum(
        rate, config.momentum, parameters=parameters, weight_decay=decay or None
    )


def initialize(network: paddle.nn.Layer, way: str) -> None:
    """Redraw the weights of convolutions and dense layers; "default" keeps Paddle's.

    "xavier" is uniform within ± sqrt(6 / (fan in + fan out)) (Glorot and Bengio, 2010).
    """
    if way == "default":
        return
    draw = paddle.nn.initializer.XavierUniform()
    for layer in network.sublayers(include_self=True):
        if isinstance(layer, paddle.nn.Conv2D | paddle.nn.Linear):
            draw(layer.weight)
