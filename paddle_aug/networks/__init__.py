"""Architectures, one a file, in paddle.nn alone; each is found by its name."""

from paddle_aug.networks.vgg import vgg11, vgg13, vgg16, vgg19, vgg_thin, vgg_thin_bn
from paddle_aug.registry import Registry

NETWORKS = Registry("network")
for make in (vgg11, vgg13, vgg16, vgg19, vgg_thin, vgg_thin_bn):
    NETWORKS.add(make.__name__)(make)
