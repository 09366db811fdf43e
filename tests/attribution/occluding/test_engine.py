from __future__ import annotations

import gc

import pytest
import torch
from occluded import both, missed, run_of, windows_of
from torch import Tensor, nn
from torch.nn import functional

import zoo
from pellucid.attribution.guard import guarded
from pellucid.attribution.occluding.engine import Engine
from pellucid.attribution.occluding.record import Unfit
from pellucid.attribution.tape.tape import Node
from pellucid.networks.architectures.ribeiro_resnet import RibeiroResNet

# values without an axis of rows first, or elements that are known by where they lie in memory
UNFIT = {
    "in_place", "attention", "recurrent", "padded", "einsum", "gru", "lstm",
    "lstm_cell", "multihead", "multihead_weights", "attention_across", "encoder", "encoder_causal", "vit", "buffers",
    "views",
}  # fmt: skip


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize(("name", "dim"), zoo.HARD_CAGES)
def test_the_engine_has_the_modules_own_logits_or_says_that_it_cannot(name, dim, each):
    module, x = zoo.network(name, dim, dtype=torch.float64), zoo.inputs(dim, 2, dtype=torch.float64)
    run, windows = run_of(module, x), windows_of(x, 3, 2, each=each)
    if name in UNFIT:
        with pytest.raises(Unfit):
            both(run, windows)
    else:
        assert missed(*both(run, windows, sample=1)) < 1e-9


@pytest.mark.parametrize(("window", "stride"), [(1, 1), (7, 5), (24, 24), (4, 3)])
@pytest.mark.parametrize(("name", "dim"), [("residual", 1), ("plain", 2), ("convolutions", 1), ("hard_gate", 2)])
def test_windows_of_any_size_and_step(name, dim, window, stride):
    module, x = zoo.network(name, dim, dtype=torch.float64), zoo.inputs(dim, 1, dtype=torch.float64)
    quick, plain = both(run_of(module, x), windows_of(x, window, stride))
    assert torch.allclose(quick, plain, atol=1e-11)


def test_centred_windows():
    from pellucid.attribution.occluding.windows import grid

    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)
    windows = grid(x.shape[1:], 7, 1, each=True, centred=True).windows
    assert missed(*both(run_of(module, x), windows)) < 1e-9


def test_of_several_inputs_the_others_stay():
    module = zoo.network("signal_and_age", 1, dtype=torch.float64)
    run = run_of(module, zoo.everything("signal_and_age", 1, dtype=torch.float64))
    assert missed(*both(run, windows_of(run.rows[0], 4, 2), sample=2)) < 1e-9
    run.number = 1
    with pytest.raises(Unfit, match="no axes in space"):
        both(run, windows_of(run.rows[1], 1, 1))


class Block(nn.Module):
    """As in ResNet: bottleneck with a strided shortcut of kernel 1."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [nn.Conv2d(before, width, 1), nn.Conv2d(width, width, 3, stride, 1), nn.Conv2d(width, 2 * width, 1)]
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in (width, width, 2 * width, 2 * width))
        self.across = nn.Conv2d(before, 2 * width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu_(self.norms[0](self.convs[0](x)))
        y = torch.relu_(self.norms[1](self.convs[1](y)))
        y = self.norms[2](self.convs[2](y))
        y += self.norms[3](self.across(x))
        return torch.relu_(y)


class Inverted(nn.Module):
    """As in EfficientNet: expanded, depthwise, squeezed and excited, projected."""

    def __init__(self, width: int) -> None:
        super().__init__()
        wide = 3 * width
        self.expand, self.depthwise = nn.Conv2d(width, wide, 1), nn.Conv2d(wide, wide, 5, 1, 2, groups=wide)
        self.norms = nn.ModuleList(nn.BatchNorm2d(wide) for _ in range(2))
        self.squeeze, self.excite, self.project = (
            nn.Conv2d(wide, 2, 1),
            nn.Conv2d(2, wide, 1),
            nn.Conv2d(wide, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.silu(self.norms[0](self.expand(x)), inplace=True)
        y = functional.silu(self.norms[1](self.depthwise(y)), inplace=True)
        gate = torch.sigmoid(self.excite(functional.silu(self.squeeze(functional.adaptive_avg_pool2d(y, 1)))))
        return x + self.project(y * gate)


def vgg() -> nn.Module:
    layers, before = [], 3
    for width in (4, 4, 0, 6, 6, 0, 8, 8, 0):
        if width:
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            before = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 16, 9), nn.ReLU(), nn.Dropout(), nn.Linear(9, 3))


def stem(*layers: nn.Module, width: int) -> nn.Module:
    first = [nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*first, *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 3))


LARGE = {
    "vgg": vgg,
    "resnet": lambda: stem(Block(4, 4, 1), Block(8, 4, 2), Block(8, 6, 1), width=12),
    "efficientnet": lambda: stem(Inverted(4), Inverted(4), width=4),
}


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("name", LARGE)
def test_networks_for_pictures(name, each):
    module = zoo.seeded(LARGE[name]()).double()
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert missed(*both(run_of(module, x), windows_of(x, 6, 3, each=each), most=40)) < 1e-9


@pytest.mark.parametrize("each", [False, True])
def test_ribeiros_network(each):
    module = zoo.seeded(RibeiroResNet(classes=3, leads=2, length=512)).double()
    x = torch.randn(1, 2, 512, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert missed(*both(run_of(module, x), windows_of(x, 32, 24, each=each), most=40)) < 1e-9


@pytest.mark.parametrize("name", [*LARGE, "ribeiro"])
def test_in_single_precision_it_is_as_exact_as_the_module(name):
    made = RibeiroResNet(classes=3, leads=2, length=512) if name == "ribeiro" else LARGE[name]()
    module, shape = zoo.seeded(made), (1, 2, 512) if name == "ribeiro" else (1, 3, 32, 32)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    windows = windows_of(x, 6 if x.ndim == 4 else 32, 5 if x.ndim == 4 else 16)
    quick, plain = both(run_of(module, x), windows, most=40)
    exact = both(run_of(module.double(), x.double()), windows, most=40)[1]
    spread = float((exact.amax(0) - exact.amin(0)).max())
    assert float((quick - exact).abs().max()) <= 2 * float((plain - exact).abs().max()) + 1e-5 * spread


@pytest.fixture
def live_nodes():
    """Return how many operations are still held, by more than the collector that does not run."""

    def count():
        return sum(type(thing) is Node for thing in gc.get_objects())

    gc.collect()
    before = count()
    gc.disable()
    yield lambda: count() - before
    gc.enable()


def engine_of(module, x):
    windows = windows_of(x, 3, 2)
    with guarded(module, {"cpu"}), torch.no_grad():
        return Engine(run_of(module, x), 0, windows, torch.zeros_like(x[0]).__getitem__, 0)


def test_of_samples_that_are_done_nothing_stays(live_nodes):
    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 3, dtype=torch.float64)
    for sample in range(3):
        assert missed(*both(run_of(module, x), windows_of(x, 3, 2), sample=sample)) < 1e-9
    assert live_nodes() == 0


def test_of_a_sample_that_is_left_in_the_middle_nothing_stays(live_nodes):
    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)
    pieces = engine_of(module, x).logits(1)
    with torch.no_grad():
        next(pieces)
    assert live_nodes() > 0
    del pieces
    assert live_nodes() == 0


def test_of_a_module_that_cannot_be_followed_nothing_stays(live_nodes):
    class Branches(zoo.Plain):
        def forward(self, x):
            return super().forward(x) * (2 if bool((x > 0).any()) else 1)

    with pytest.raises(Unfit, match="way depends on its values"):
        engine_of(zoo.seeded(Branches(1)), zoo.inputs(1, 1))
    assert live_nodes() == 0
