"""Published ImageNet weights: torchvision's names, refused in words where they do not fit, and one real file."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pellucid.core.errors import UnreadableFileError
from pellucid.networks.architectures.efficient_net import EfficientNet
from pellucid.networks.architectures.resnet50 import ResNet50
from pellucid.networks.architectures.squeeze_net import SqueezeNet
from pellucid.networks.architectures.vgg16 import Vgg16
from pellucid.networks.imagenet import load_imagenet, published_shapes

# What torchvision's files hold, written down from the published structures.


def convolution(name, width_out, width_in, kernel, bias=True):
    shapes = {f"{name}.weight": (width_out, width_in, kernel, kernel)}
    return {**shapes, f"{name}.bias": (width_out,)} if bias else shapes


def dense(name, width_out, width_in):
    return {f"{name}.weight": (width_out, width_in), f"{name}.bias": (width_out,)}


def norm(name, width):
    values = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{value}": (width,) for value in values}, f"{name}.num_batches_tracked": ()}


def vgg16():
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    widths = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
    shapes = {}
    for place, (width_in, width) in zip(places, itertools.pairwise(widths), strict=True):
        shapes |= convolution(f"features.{place}", width, width_in, 3)
    heads = (("classifier.0", 4096, 25088), ("classifier.3", 4096, 4096), ("classifier.6", 1000, 4096))
    return shapes | {name: shape for head in heads for name, shape in dense(*head).items()}


def resnet50():
    shapes = convolution("conv1", 64, 3, 7, bias=False) | norm("bn1", 64)
    width_in = 64
    for stage, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=1):
        for block in range(count):
            name = f"layer{stage}.{block}"
            shapes |= convolution(f"{name}.conv1", width, width_in, 1, bias=False) | norm(f"{name}.bn1", width)
            shapes |= convolution(f"{name}.conv2", width, width, 3, bias=False) | norm(f"{name}.bn2", width)
            shapes |= convolution(f"{name}.conv3", 4 * width, width, 1, bias=False) | norm(f"{name}.bn3", 4 * width)
            if block == 0:
                shapes |= convolution(f"{name}.downsample.0", 4 * width, width_in, 1, bias=False)
                shapes |= norm(f"{name}.downsample.1", 4 * width)
            width_in = 4 * width
    return shapes | dense("fc", 1000, 2048)


def squeezenet():
    fires = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128)}
    fires |= {9: (256, 48, 192), 10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256)}
    shapes = convolution("features.0", 64, 3, 3) | convolution("classifier.1", 1000, 512, 1)
    for place, (width_in, squeezed, expanded) in fires.items():
        shapes |= convolution(f"features.{place}.squeeze", squeezed, width_in, 1)
        shapes |= convolution(f"features.{place}.expand1x1", expanded, squeezed, 1)
        shapes |= convolution(f"features.{place}.expand3x3", expanded, squeezed, 3)
    return shapes


def normed(name, width_out, width_in, kernel):
    return convolution(f"{name}.0", width_out, width_in, kernel, bias=False) | norm(f"{name}.1", width_out)


def efficientnet(stem, widths, counts, last):
    shapes, width_in = normed("features.0", stem, 3, 3), stem
    for stage, (width, count, kernel) in enumerate(zip(widths, counts, (3, 3, 5, 3, 5, 5, 3), strict=True), start=1):
        for block in range(count):
            name, place, inner = f"features.{stage}.{block}.block", 0, width_in if stage == 1 else 6 * width_in
            if stage > 1:
                shapes |= normed(f"{name}.0", inner, width_in, 1)
                place = 1
            shapes |= normed(f"{name}.{place}", inner, 1, kernel)
            shapes |= convolution(f"{name}.{place + 1}.fc1", width_in // 4, inner, 1)
            shapes |= convolution(f"{name}.{place + 1}.fc2", inner, width_in // 4, 1)
            shapes |= normed(f"{name}.{place + 2}", width, inner, 1)
            width_in = width
    return shapes | normed("features.8", last, width_in, 1) | dense("classifier.1", 1000, last)


B0 = (32, (16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 3, 3, 4, 1), 1280)
B7 = (64, (32, 48, 80, 160, 224, 384, 640), (4, 7, 7, 10, 10, 13, 4), 2560)


@pytest.mark.parametrize(
    ("kind", "settings", "wanted"),
    [
        (Vgg16, {"head": "transfer"}, vgg16()),
        (ResNet50, {"head": "transfer"}, resnet50()),
        (SqueezeNet, {"channels": 1}, squeezenet()),
        (EfficientNet, {}, efficientnet(*B0)),
        (EfficientNet, {"scale": "b7"}, efficientnet(*B7)),
    ],
    ids=["vgg16", "resnet50", "squeezenet1_1", "efficientnet_b0", "efficientnet_b7"],
)
def test_names_and_shapes_are_those_of_torchvision(kind, settings, wanted):
    with torch.device("meta"):
        module = kind(2, **settings)
    assert {name: tuple(shape) for name, shape in published_shapes(module).items()} == wanted


def synthetic(shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.zeros((), dtype=torch.int64) if shape == () else torch.rand(shape, generator=generator) * 0.1
        for name, shape in shapes.items()
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "squeezenet.safetensors"
    save_file(synthetic(squeezenet()), path)
    return path


def test_each_tensor_comes_to_its_place(tmp_path):
    given = synthetic(efficientnet(*B0))
    torch.save(given, tmp_path / "b0.pt")
    module = EfficientNet(1000)
    assert load_imagenet(module, tmp_path / "b0.pt") == ()
    state = module.state_dict()
    assert torch.equal(state["features.4.2.block.1.0.weight"], given["features.4.2.block.1.0.weight"])
    assert torch.equal(state["head.3.bias"], given["classifier.1.bias"])
    assert len(state) == len(given)


def test_a_stem_of_another_name_comes_to_its_place(tmp_path):
    given = {name: value for name, value in synthetic(resnet50()).items() if "num_batches" not in name}
    torch.save(given, tmp_path / "old.pth")
    module = ResNet50(2, head="transfer")
    assert load_imagenet(module, tmp_path / "old.pth") == (
        *("head.0.weight", "head.0.bias", "head.4.weight", "head.4.bias"),
    )
    assert torch.equal(module.features[0][1].running_var, given["bn1.running_var"])
    assert torch.equal(module.features[4][0].downsample[0].weight, given["layer4.0.downsample.0.weight"])


def test_a_head_for_other_classes_stays_as_it_was(file):
    module = SqueezeNet(4)
    before = module.head[1].weight.clone()
    assert load_imagenet(module, file) == ("head.1.weight", "head.1.bias")
    assert torch.equal(module.head[1].weight, before)


def test_grey_pictures_get_the_answer_of_three_equal_channels(file):
    grey, colour = SqueezeNet(1000, channels=1).eval(), SqueezeNet(1000).eval()
    load_imagenet(grey, file)
    load_imagenet(colour, file)
    picture = torch.rand(1, 1, 40, 40, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(grey(picture), colour(picture.expand(1, 3, 40, 40)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda given: given.pop("features.3.squeeze.bias"), r"lack the tensor 'features\.3\.squeeze\.bias'"),
        (
            lambda given: given.update({"features.0.weigth": given.pop("features.0.weight")}),
            r"lack the tensor 'features\.0\.weight'.*features\.0\.weigth",
        ),
        (lambda given: given.update(extra=torch.ones(1)), "hold the tensor 'extra' beside"),
        (
            lambda given: given.update({"classifier.1.bias": torch.ones(7)}),
            r"'classifier\.1\.bias' must have the shape \(1000,\); got \(7,\)",
        ),
    ],
    ids=["missing", "misspelt", "superfluous", "misshapen"],
)
def test_a_file_that_does_not_fit_is_named_with_tensor_and_remedy(tmp_path, change, told):
    given = synthetic(squeezenet())
    change(given)
    torch.save(given, tmp_path / "wrong.pt")
    module = SqueezeNet(3)
    before = module.features[0].weight.clone()
    with pytest.raises(UnreadableFileError, match=f"wrong.pt for SqueezeNet.*{told}.*published for this network"):
        load_imagenet(module, tmp_path / "wrong.pt")
    assert torch.equal(module.features[0].weight, before), "nothing is copied from a file that does not fit"


def test_a_pickled_module_is_refused(tmp_path):
    torch.save(SqueezeNet(3), tmp_path / "module.pt")
    with pytest.raises(UnreadableFileError, match="could run code"):
        load_imagenet(SqueezeNet(3), tmp_path / "module.pt")


# Answers of the published SqueezeNet 1.1, class to probability, as they came with its file.
ANSWERS = {
    "chelsea": {285: 0.49, 282: 0.29, 281: 0.20},
    "coffee": {967: 0.97},
    "rocket": {733: 0.15, 657: 0.14},
    "grace_hopper": {457: 0.47, 834: 0.27, 906: 0.25},
    "china": {832: 0.34, 538: 0.19},
}


@pytest.fixture(scope="module")
def squeezed(shared):
    module = SqueezeNet(1000)
    assert load_imagenet(module, shared / "weights" / "squeezenet1_1" / "squeezenet1_1.pth") == ()
    return module.eval()


def normalised(path):
    picture = Image.open(path).convert("RGB")
    scale = 256 / min(picture.size)
    picture = picture.resize([round(side * scale) for side in picture.size], Image.Resampling.BILINEAR)
    left, top = ((side - 224) // 2 for side in picture.size)
    values = np.asarray(picture.crop((left, top, left + 224, top + 224)), dtype=np.float32) / 255
    values = (values - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return torch.from_numpy(values.astype(np.float32)).permute(2, 0, 1)[None]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_real_squeezenet_gives_its_known_answers(squeezed, shared, name):
    folder = shared / "weights" / "squeezenet1_1"
    with torch.inference_mode():
        said = squeezed(normalised(folder / "pictures" / f"{name}.jpg")).softmax(-1)[0]
    assert said.topk(len(ANSWERS[name])).indices.tolist() == list(ANSWERS[name])
    assert said[list(ANSWERS[name])].tolist() == pytest.approx(list(ANSWERS[name].values()), abs=0.0051)
    with (folder / "classes.csv").open(newline="") as stream:
        assert len(list(csv.reader(stream))) == said.numel() + 1
