"""Architectures, one a file, in paddle.nn alone; each is found by its name.

A maker takes (num_classes, image_size), and raises ValueError for images that its network cannot
take. A network's `heads` are the names of its last layers, those as wide as there are classes: the
parameters of these ("fc" has "fc.weight"), and no others, change their shape with `num_classes`.
"""

from paddle_aug.names import Registry
from paddle_aug.networks.alexnet import AlexNet
from paddle_aug.networks.d2l_resnet import D2LResNet
from paddle_aug.networks.densenet import densenet121, densenet161, densenet169, densenet201
from paddle_aug.networks.googlenet import GoogLeNet
from paddle_aug.networks.keras_cnn import KerasCNN
from paddle_aug.networks.lenet import LeNet
from paddle_aug.networks.residual_mnist import ResidualMNIST
from paddle_aug.networks.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from paddle_aug.networks.vgg import vgg11, vgg13, vgg16, vgg19, vgg_thin, vgg_thin_bn

NETWORKS = Registry("network")
for make in (vgg11, vgg13, vgg16, vgg19, vgg_thin, vgg_thin_bn):
    NETWORKS.add(make.__name__)(make)
for name, network in (("lenet", LeNet), ("alexnet", AlexNet), ("googlenet", GoogLeNet)):
    NETWORKS.add(name)(network)
for make in (
    *(resnet18, resnet34, resnet50, resnet101, resnet152),
    *(densenet121, densenet161, densenet169, densenet201),
):
    NETWORKS.add(make.__name__)(make)
NETWORKS.add("keras_cnn")(KerasCNN)
NETWORKS.add("d2l_resnet18")(D2LResNet)
NETWORKS.add("residual_mnist")(ResidualMNIST)
