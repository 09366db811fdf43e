from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, NotApplicableError, UnknownNameError
from pellucid.core.randomness import generator
from pellucid.explanation import waves as module
from pellucid.explanation.explain import explain
from pellucid.explanation.parts import (
    checked_parts,
    derived_rows,
    label_map,
    options,
    parts_for,
    rebuilding,
    refuse_unused,
)
from pellucid.explanation.waves import Waves
from pellucid.networks.network import Network
from pellucid.networks.preparation import Filter
from pellucid.records.beats import COLUMNS
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import DERIVED, INDEPENDENT, STANDARD


@pytest.fixture
def lawful():
    """Four seconds whose limb leads obey Einthoven's law."""
    signal = generator(4).normal(size=(8, 1000)) / 5
    return EcgRecord(signal=signal, sampling_rate=250, leads=INDEPENDENT, name="lawful").select(STANDARD)


def linear(leads=STANDARD, **settings):
    """A network whose logits are weighted means over its leads."""
    module = nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(len(leads), 2))
    with torch.no_grad():
        module[2].weight.copy_(torch.arange(2 * len(leads)).reshape(2, -1) - 5.0)
        module[2].bias.fill_(0.5)
    return Network(module, ["A", "B"], leads=leads, **({"sampling_rate": 50, "length": 240} | settings))


def of(network, record):
    prepared = network.prepare(record)
    seen = prepared.restore(np.ones((1, len(prepared.valid))))[0] > 0
    return network.card.preparation, prepared, Waves(prepared.record, seen)


def test_leads_are_parts_but_padding_is_not(lawful):
    expects, prepared, waves = of(linear(), lawful)
    labels = label_map("lead", expects, prepared, waves)
    assert labels.shape == (12, 240)
    assert (labels[:, :20] == -1).all()
    assert (labels[:, 220:] == -1).all()
    assert (labels[:, 20:220] == np.arange(12)[:, None]).all()


def test_ten_windows_of_each_lead(lawful):
    expects, prepared, waves = of(linear(), lawful)
    labels = label_map("lead x window", expects, prepared, waves)
    numbers, sizes = np.unique(labels[labels >= 0], return_counts=True)
    assert numbers.tolist() == list(range(120))
    assert set(sizes) == {20}
    assert labels[3, [20, 39, 40, 219]].tolist() == [30, 30, 31, 39]


def test_waves_stand_where_they_stood_in_the_record(lawful, monkeypatch):
    table = pd.DataFrame([[1.2, 1.4, 1.4, 1.5, 1.6, 2.0]], columns=list(COLUMNS))
    monkeypatch.setattr(module, "beats", lambda record: table)
    # Of four seconds the network sees the middle: 1.25 to 2.75 s.
    expects, prepared, waves = of(linear(length=75), lawful)
    labels = label_map("lead x wave", expects, prepared, waves)
    spans = {"P": (1.25, 1.4), "QRS": (1.4, 1.5), "T": (1.6, 2.0)}
    for number, (onset, end) in enumerate(spans.values()):
        places = np.flatnonzero(labels[2] == 8 + number) / 50 + 1.25
        assert places.min() == pytest.approx(onset, abs=0.021)
        assert places.max() == pytest.approx(end - 0.02, abs=0.021)
    assert set(np.unique(labels)) == set(range(48))


def test_independent_leads_leave_the_others_out(lawful):
    expects, prepared, waves = of(linear(), lawful)
    labels = label_map("independent leads", expects, prepared, waves)
    assert (labels[2:6] == -1).all()
    assert np.unique(labels[labels >= 0]).tolist() == [0, 1, 6, 7, 8, 9, 10, 11]
    assert derived_rows(("V1", "III", "II")) == []
    assert derived_rows(("aVF", "II", "I")) == [0]


def test_shapley_values_of_independent_leads_are_those_of_a_linear_network(lawful):
    network = linear()
    shown = explain(lawful, network, methods="kernel_shap", targets="B", parts="independent leads")
    means = network.prepare(lawful).inputs[0].mean(1).double().numpy()
    weights = dict(zip(STANDARD, network.module[2].weight[1].tolist(), strict=True))
    value = dict(zip(STANDARD, means, strict=True))
    for number, lead in enumerate(("I", "II")):
        weights[lead] += sum(weights[other] * law[number] for other, law in DERIVED.items())
    found = shown["kernel_shap", "B"]
    assert np.allclose(
        found.relevance.sum(1), [0 if lead in DERIVED else weights[lead] * value[lead] for lead in STANDARD], atol=1e-5
    )
    assert found.gap < 1e-5
    assert found.settings["parts"] == "independent leads"
    assert "rebuild" not in found.settings
    assert any("have no share of their own" in note for note in shown.notes)


def test_the_input_itself_stays_as_it_is_when_leads_are_rebuilt(lawful):
    network = linear(unit="uV", gain=3.0, filters=(Filter(kind="highpass", frequency=1.0),))
    inputs = network.prepare(lawful).inputs
    rebuild = rebuilding(STANDARD, inputs[0])
    assert torch.allclose(rebuild(inputs.clone()), inputs, atol=1e-2)
    without = inputs.clone()
    without[:, 0] = 0
    found = rebuild(without.clone())
    assert torch.allclose(found[:, 2], inputs[:, 1], atol=1e-2)
    assert torch.equal(found[:, 6:], without[:, 6:])


def test_broken_laws_are_refused(lawful):
    swapped = lawful.signal.copy()
    swapped[[2, 4]] = swapped[[4, 2]]
    broken = EcgRecord(signal=swapped, sampling_rate=250, name="swapped")
    with pytest.raises(NotApplicableError, match=r"III does not follow from I and II.*parts='lead'"):
        explain(broken, linear(), methods="kernel_shap", parts="independent leads")
    with pytest.raises(NotApplicableError, match="`kernel_shap` takes independent leads"):
        explain(lawful, linear(), methods="lime", parts="independent leads")


def test_which_parts_a_method_is_given(slices):
    network = linear()
    assert parts_for(method("kernel_shap"), None, network) == "lead"
    assert parts_for(method("lime"), None, network) == "lead x window"
    assert parts_for(method("lime"), "lead x wave", network) == "lead x wave"
    assert parts_for(method("lime", parts=4), "lead", network) is None
    assert parts_for(method("saliency"), "lead", network) is None
    assert parts_for(method("lime"), None, slices) is None


@pytest.mark.parametrize("name", ["lead x window", "lead_x_window", "Lead-X-Window", " lead x window "])
def test_parts_are_spelled_in_many_ways(name):
    assert checked_parts(name, linear()) == "lead x window"


def test_unknown_parts_and_parts_of_slices_are_refused(slices):
    with pytest.raises(UnknownNameError, match="parts 'leeds' is not known; known: lead, lead x window"):
        checked_parts("leeds", linear())
    with pytest.raises(InvalidInputError, match="reads slices, whose parts are superpixels"):
        checked_parts("lead", slices)
    assert checked_parts(None, slices) is None


def test_waves_of_a_record_without_beats_are_refused(lawful):
    with pytest.raises(NotApplicableError, match="no beats were found in record lawful"):
        options(method("lime"), "lead x wave", *of(linear(), lawful))


def test_parts_that_no_method_takes_are_refused():
    with pytest.raises(InvalidInputError, match="kernel_shap and lime"):
        refuse_unused("lead", [method("saliency"), method("lime", parts=4)], linear())
    refuse_unused("lead", [method("saliency"), method("lime")], linear())
    refuse_unused(None, [method("saliency")], linear())
