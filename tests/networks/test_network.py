"""Network: a module with its card, from record to answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pellucid.core.errors import InvalidInputError
from pellucid.networks.network import Network
from pellucid.records.ecg import EcgRecord


class Toy(nn.Module):
    """Two logits: mean of lead I, and of lead V1."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(4.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scale * x.mean(-1)[:, [0, 6]]


def network(**settings: object) -> Network:
    return Network(Toy().train(), ["A", "B"], **{"sampling_rate": 100, "length": 200, **settings})  # type: ignore[arg-type]  # overridden


def record(level: float) -> EcgRecord:
    signal = np.zeros((12, 1000))
    signal[0] = level
    return EcgRecord(signal=signal, sampling_rate=500, name="r")


def test_a_foreign_module_answers_in_one_call() -> None:
    prediction = network(thresholds=[0.7, 0.7]).predict(record(0.5))
    assert prediction.logits == pytest.approx([2.0, 0.0], abs=1e-5)
    assert prediction.probabilities == pytest.approx([1 / (1 + np.exp(-2)), 0.5], abs=1e-5)
    assert prediction.found == ("A",)
    assert network().module.training is False


def test_softmax_finds_exactly_one() -> None:
    prediction = network(activation="softmax").predict(record(-0.5))
    assert prediction.probabilities.sum() == pytest.approx(1)
    assert prediction.found == ("B",)


def test_an_array_of_records_gets_the_answers_of_its_records() -> None:
    levels = [0.1, -0.2, 0.7]
    signals = np.stack([record(level).signal * 1000 for level in levels]).astype(np.int16)
    together = np.concatenate(list(network().logits_of(signals, 500, batch=2)))
    assert together == pytest.approx(np.stack([network().predict(record(level)).logits for level in levels]), abs=1e-5)


def test_what_is_missing_is_told() -> None:
    with pytest.raises(InvalidInputError, match=r"sampling_rate= .* or size="):
        Network(Toy(), ["A", "B"])
    with pytest.raises(InvalidInputError, match="unexpected keyword argument 'lenght'"):
        network(lenght=4)
    with pytest.raises(InvalidInputError, match=r"logits \(1, 3\).*got \(1, 2\)"):
        Network(Toy(), ["A", "B", "C"], sampling_rate=100, length=200).predict(record(0))
    with pytest.raises(InvalidInputError, match=r"not both; got both"):
        network(size=(4, 4))
    for wrong, told in (
        ({"unit": "uv"}, "'uV'"),
        ({"padding": "front"}, "both, end, none"),
        ({"leads": "II"}, "a list"),
        ({"gain": 0}, "blank"),
    ):
        with pytest.raises(InvalidInputError, match=told):
            network(**wrong)
    with pytest.raises(InvalidInputError, match=r"classes must be a list of names; got the text 'AB'"):
        Network(Toy(), "AB", sampling_rate=100, length=200)
    broken = network()
    with torch.no_grad():
        broken.module.scale.fill_(float("nan"))  # type: ignore[operator, union-attr]  # a Toy has a scale
    with pytest.raises(InvalidInputError, match="not finite; check its weights"):
        broken.predict(record(0.1))
    with pytest.raises(InvalidInputError, match="reads slices"):
        list(Network(Toy(), ["A", "B"], size=(4, 4)).logits_of(np.zeros((1, 12, 10), np.int16), 100))
