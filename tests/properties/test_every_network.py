"""What every architecture and every bundled network promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from pellucid import EcgRecord, MriSlice, load, method
from pellucid.core.errors import InvalidInputError
from pellucid.networks.preparation import SlicePreparation
from pellucid.networks.store import ARCHITECTURES, bundled

CLASSES = 3
RATE = 100
LEADS = 12
PICTURE = (64, 64)
# Their own head alone is 124 million weights; it is tested by itself.
QUICK = {"vgg16": {"head": "transfer"}}

every_architecture = pytest.mark.parametrize("name", ARCHITECTURES.names)
every_bundled_network = pytest.mark.parametrize("name", bundled())


def built(name, classes=CLASSES):
    return ARCHITECTURES[name](classes=classes, **QUICK.get(name, {})).eval()


def shape(module, length=10 * RATE):
    """Of one input: leads and samples, or channels, rows and columns."""
    if hasattr(module, "channels"):
        return module.channels, *PICTURE[:1], *(PICTURE[1:] if length == 10 * RATE else [length // 10])
    return getattr(module, "leads", LEADS), length


def signals(module, records=3):
    """Noise of the length or size that the architecture names, else ten seconds or a small picture."""
    channels, *sizes = shape(module)
    sizes = getattr(module, "size", [module.length] if hasattr(module, "length") else sizes)
    return torch.from_numpy(np.random.default_rng(0).normal(size=(records, channels, *sizes)).astype(np.float32))


def logits(module, inputs):
    with torch.inference_mode():
        return module(inputs)


def settled(module):
    """The module with the statistics of one batch in its batch norms: as drawn, few channels may all be silent."""
    for part in module.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            part.momentum = None  # the next batch counts alone
    with torch.no_grad():
        module.train()(signals(module))
    return module.eval()


@every_architecture
def test_there_is_one_finite_logit_a_class(name):
    module = built(name)
    out = logits(module, signals(module))
    assert out.shape == (3, CLASSES)
    assert out.dtype == torch.float32
    assert out.isfinite().all()
    assert logits(built(name, 1), signals(module, 1)).shape == (1, 1)


@every_architecture
def test_a_batch_is_its_records_one_by_one(name):
    module = built(name)
    inputs = signals(module)
    alone = torch.cat([logits(module, one[None]) for one in inputs])
    assert_allclose(logits(module, inputs), alone, rtol=1e-4, atol=1e-5)


@every_architecture
def test_the_answer_depends_on_every_lead(name):
    module = settled(built(name))
    inputs = signals(module, 1).requires_grad_()
    (slope,) = torch.autograd.grad(module(inputs).square().sum(), inputs)
    assert (slope.abs().flatten(2).sum(-1) > 0).all()


@every_architecture
def test_the_state_is_the_network(name):
    module, other = built(name), built(name)
    inputs = signals(module, 1)
    assert not torch.equal(logits(module, inputs), logits(other, inputs))
    other.load_state_dict(module.state_dict())
    assert torch.equal(logits(module, inputs), logits(other, inputs))


@every_architecture
def test_class_activation_finds_its_layer(name):
    module = built(name)
    layer = getattr(module, "layer", None)
    geometry = method("grad_cam", relu=False)(module, signals(module, 1), target=0, layer=layer).geometry
    assert min(geometry.cells) > 1
    assert min(geometry.jump) > 0


@every_architecture
@pytest.mark.parametrize("length", [777, 2500])
def test_another_length_is_answered_or_refused_in_words(name, length):
    module = built(name)
    inputs = torch.zeros(1, *shape(module, length))
    if hasattr(module, "length") or hasattr(module, "size"):
        with pytest.raises(InvalidInputError, match=str(inputs.shape[-1])):
            logits(module, inputs)
    else:
        out = logits(module, inputs)
        assert out.shape == (1, CLASSES)
        assert out.isfinite().all()


def noise_for(network):
    expects, draw = network.card.preparation, np.random.default_rng(1)
    if isinstance(expects, SlicePreparation):
        return MriSlice(pixels=draw.uniform(size=(200, 180)).astype(np.float32), name="noise")
    noise = draw.normal(scale=0.1, size=(len(expects.leads), 5000)).astype(np.float32)
    return EcgRecord(signal=noise, sampling_rate=500, leads=expects.leads, name="noise")


@every_bundled_network
def test_a_bundled_network_answers_about_a_record(name):
    network = load(name)
    said = network.predict(noise_for(network))
    assert said.classes == network.classes
    assert said.logits.shape == said.probabilities.shape == said.thresholds.shape == (len(network.classes),)
    assert ((said.probabilities >= 0) & (said.probabilities <= 1)).all()
    assert set(said.found) <= set(network.classes)


@every_bundled_network
def test_a_bundled_network_says_what_it_was_trained_on_and_for_whom(name):
    card = load(name).card
    assert card.architecture in ARCHITECTURES
    assert card.training["config"]["data"]["dataset"]
    assert card.metrics
    assert card.licence
    assert card.limits
