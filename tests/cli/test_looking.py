from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pellucid.attribution.method import method
from pellucid.cli.looking import View
from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.datasets.dataset import dataset
from pellucid.networks.architectures.lead_net import LeadNet
from pellucid.networks.network import Network
from pellucid.records.slice import MriSlice
from pellucid.simulation.patients import simulate

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1")


@pytest.fixture(scope="module")
def record():
    return simulate(["CRBBB"], seed=3, sampling_rate=100).record


@pytest.fixture(scope="module")
def apart():
    shape = {"widths": (4, 6), "kernels": (5, 3), "strides": (4, 4), "dilations": (1, 1)}
    torch.random.manual_seed(0)
    module = LeadNet(2, leads=len(LEADS), pools=(("mean",),), **shape).eval()
    return Network(module, ["AFIB", "CRBBB"], leads=LEADS, sampling_rate=100, length=400, layer="features")


@pytest.fixture(scope="module")
def mixed():
    torch.random.manual_seed(0)
    module = nn.Sequential(
        nn.Conv1d(len(LEADS), 5, 7, stride=4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(5, 2)
    )
    described = {"sampling_rate": 50, "length": 300, "unit": "uV", "gain": 0.01}
    return Network(module, ["AFIB", "CRBBB"], leads=LEADS, **described)


def test_the_channel_that_answers_most_is_looked_at(apart, record):
    view = View.of(apart, record, layer=None, channel=None, target=None)
    with torch.no_grad():
        values = apart.module._encoded(view.inputs)
    assert view.channel == int(values[0].amax((0, 2)).argmax())
    facts = view.facts()
    assert (facts["channels"], facts["cells"], facts["jump"], facts["leads_apart"]) == (6, [25], [16.0], True)
    assert View.of(apart, record, layer=None, channel=2, target=None).facts()["channel"] == 2


def test_without_a_layers_name_the_input_is_made_for_the_most_probable_class(mixed, record, tmp_path):
    view = View.of(mixed, record, layer=None, channel=None, target=None)
    top = int(mixed.logits(mixed.prepare(record).inputs)[0].argmax())
    assert view.target == top
    _, facts = view.draw_ascent(tmp_path / "ascent.png", steps=3, seed=0)
    assert facts["raised"] == f"class {mixed.classes[top]}"


def test_an_ecg_that_is_made_obeys_the_laws_of_the_limb_leads_and_its_range(mixed, record, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr("pellucid.cli.looking.inside.ascent_of_ecg", lambda ecg, *_, **__: made.append(ecg))
    monkeypatch.setattr("pellucid.cli.looking.save", lambda figure, path: path)
    view = View.of(mixed, record, layer="1", channel=0, target=None)
    _, facts = view.draw_ascent(tmp_path / "a.png", steps=30, seed=0)
    one, two, three, avr, avl, avf, chest = made[0].signal.astype(float)
    assert three == pytest.approx(two - one, abs=1e-5)
    assert avr == pytest.approx(-(one + two) / 2, abs=1e-5)
    assert avl == pytest.approx(one - two / 2, abs=1e-5)
    assert avf == pytest.approx(two - one / 2, abs=1e-5)
    assert 0.01 < np.abs(chest).max() <= 3.0  # in mV, whatever the network's unit and gain
    assert facts["to"] > facts["from"]
    assert facts["raised"] == "channel 0 of layer 1"


def test_examples_come_with_their_patients_and_excerpts_in_millivolts(apart, mixed, record, tmp_path, monkeypatch):
    pieces = []
    monkeypatch.setattr("pellucid.cli.looking.inside.excerpts", lambda found, **_: pieces.append(found))
    monkeypatch.setattr("pellucid.cli.looking.save", lambda figure, path: path)
    data = dataset("simulated:10")
    for network, layer in ((apart, "features"), (mixed, "1")):
        view = View.of(network, record, layer=layer, channel=1, target=None)
        _, facts = view.draw_examples(tmp_path / "e.png", data, count=4)
        assert len({fact["patient"] for fact in facts}) == 4
        assert [fact["value"] for fact in facts] == sorted((fact["value"] for fact in facts), reverse=True)
        piece, fact = pieces[-1][0], facts[0]
        assert piece.leads == ((fact["lead"],) if network is apart else LEADS)
        assert piece.start == fact["window"][0][0] / piece.rate
        assert piece.start <= piece.centre <= piece.start + piece.values.shape[1] / piece.rate
        assert piece.caption.startswith(fact["record"])
        number = int(fact["record"].rpartition("_")[2])
        seen = network.prepare(data[number]).inputs[0].numpy() / view._scale
        rows = [LEADS.index(lead) for lead in piece.leads]
        assert piece.values == pytest.approx(seen[rows, slice(*fact["window"][0])], abs=1e-6)


@pytest.mark.parametrize("dim", [1, 2])
def test_the_switches_of_a_max_pool_are_those_of_deconvolution(record, dim):
    convolution, pool, mean = (
        (nn.Conv1d, nn.MaxPool1d, nn.AdaptiveAvgPool1d) if dim == 1 else (nn.Conv2d, nn.MaxPool2d, nn.AdaptiveAvgPool2d)
    )
    torch.random.manual_seed(0)
    channels = len(LEADS) if dim == 1 else 1
    steps = convolution(channels, 4, 3, stride=2), nn.ReLU(), pool(3, stride=2, padding=1)
    module = nn.Sequential(*steps, mean(1), nn.Flatten(), nn.Linear(4, 2))
    described = {"leads": LEADS, "sampling_rate": 50, "length": 300} if dim == 1 else {"size": (20, 24)}
    network = Network(module, ["A", "B"], **described)
    seen = record if dim == 1 else MriSlice(pixels=np.random.default_rng(0).random((20, 24)).astype(np.float32))
    view = View.of(network, seen, layer="2", channel=None, target=None)
    answer = method("deconvolution", switches=True)(network.module, view.inputs, target=0)
    places = np.unravel_index(answer.details["switches of 2"][0].numpy(), (149,) if dim == 1 else (9, 11))
    # A cell of the convolution sees three samples and is centred on the second; the next lies two further.
    assert view._switches() == pytest.approx(1 + 2 * np.stack(places))
    assert not network.module[2]._forward_pre_hooks
    assert View.of(network, seen, layer="1", channel=None, target=None)._switches() is None


def test_an_ecg_that_is_pooled_as_a_picture_has_no_switches(record):
    class Picture(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.pool = nn.Conv2d(1, 4, (len(LEADS), 5)), nn.MaxPool2d((1, 2))
            self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))

        def forward(self, x):
            return self.head(self.pool(torch.relu(self.convolution(x[:, None]))))

    network = Network(Picture(), ["A", "B"], leads=LEADS, sampling_rate=50, length=300)
    view = View.of(network, record, layer="pool", channel=None, target=None)
    assert view._switches() is None


def test_slices_are_drawn_too(tmp_path):
    torch.random.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    network = Network(module, ["glioma", "none"], size=(20, 24), mean=(0.2,), std=(0.5,))
    picture = MriSlice(pixels=np.random.default_rng(0).random((40, 48)).astype(np.float32))
    view = View.of(network, picture, layer="1", channel=None, target="NONE")
    assert view.target == 1
    assert view.draw_activations(tmp_path / "a.png", "layer").is_file()
    path, facts = view.draw_ascent(tmp_path / "b.png", steps=4, seed=0)
    assert path.is_file()
    assert facts["steps"] == 4


def test_wrong_names_are_errors_in_words(apart, record):
    with pytest.raises(UnknownNameError, match="class 'AFBI' is not known"):
        View.of(apart, record, layer=None, channel=None, target="AFBI")
    with pytest.raises(UnknownNameError, match="layer 'feature' is not known"):
        View.of(apart, record, layer="feature", channel=None, target=None)
    with pytest.raises(InvalidInputError, match="0 to 5"):
        View.of(apart, record, layer=None, channel=6, target=None)
