"""One kind of data a file: lists, class folders, CSV, CIFAR, MNIST, AI Studio's mounts."""
