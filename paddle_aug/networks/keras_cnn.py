"""The small network of the Keras document on augmenting CIFAR-10, with Keras' defaults."""

from paddle import nn
from paddle.nn.initializer import XavierUniform

SMALLEST = 6  # leaves one pixel before the dense layers

# Keras' defaults. Both libraries keep `momentum` of the old average and take the rest of the new.
KERAS_NORM = {"momentum": 0.99, "epsilon": 1e-3}


def conv(channels: int, width: int) -> nn.Conv2D:
    return nn.Conv2D(channels, width, 3, weight_attr=XavierUniform())  # Glorot's, as in Keras


def dense(wide: int, width: int) -> nn.Linear:
    return nn.Linear(wide, width, weight_attr=XavierUniform())


def plain_norm(channels: int) -> nn.BatchNorm2D:
    """Keras' BatchNormalization(scale=False, center=False)."""
    return nn.BatchNorm2D(channels, weight_attr=False, bias_attr=False, **KERAS_NORM)


class KerasCNN(nn.Layer):
    """Two 3×3 convolutions, max pooling, two dense layers; batch normalisation after each ReLU.

    It returns logits, where the document's ends with a softmax. Flattened features stand channel by
    channel (Keras: pixel by pixel), which matters only to weights that come from there.
    """

    heads = ("classifier.4",)

    def __init__(self, num_classes: int, image_size: int):
        super().__init__()
        if image_size < SMALLEST:
            raise ValueError(f"the Keras CNN needs images of {SMALLEST} pixels or more")
        side = (image_size - 4) // 2
        self.features = nn.Sequential(
            conv(3, 64),
            nn.ReLU(),
            plain_norm(64),
            conv(64, 32),
            nn.ReLU(),
            nn.MaxPool2D(2, stride=2),
            nn.Dropout(0.2),
            plain_norm(32),
        )
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            dense(32 * side**2, 256),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.BatchNorm1D(256, **KERAS_NORM),
            dense(256, num_classes),
        )

    def forward(self, images):
        return self.classifier(self.flatten(self.features(images)))
