"""Card: survives JSON, refuses what does not fit."""

from __future__ import annotations

import pytest

from pellucid.core.errors import SettingError
from pellucid.core.settings import decode, encode
from pellucid.networks.card import Card
from pellucid.networks.preparation import EcgPreparation, Filter, SlicePreparation

ECG = EcgPreparation(sampling_rate=400, length=4096, filters=(Filter(kind="lowpass", frequency=40),))


@pytest.mark.parametrize("preparation", [ECG, SlicePreparation(size=(4, 5), channels=3, mean=(0.1, 0.2, 0.3))])
def test_a_card_survives_json(preparation: EcgPreparation | SlicePreparation) -> None:
    card = Card(name="n", architecture="lead_net", classes=("A", "B"), preparation=preparation, thresholds=(0.2, 0.3))
    assert decode(Card, encode(card), where="card.json") == card


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(SettingError, match="one for each of 2 classes; got 1"):
        Card(name="n", architecture="a", classes=("A", "B"), preparation=ECG, thresholds=(0.2,))
    with pytest.raises(SettingError, match=r"probabilities in 0\.\.1"):
        Card(name="n", architecture="a", classes=("A",), preparation=ECG, thresholds=(1.2,))
    with pytest.raises(SettingError, match=r"'sigmod' is not known.*Did you mean 'sigmoid'"):
        Card(name="n", architecture="a", classes=("A",), preparation=ECG, activation="sigmod")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(SettingError, match="leave thresholds out"):
        Card(name="n", architecture="a", classes=("A",), preparation=ECG, activation="softmax", thresholds=(0.5,))
    with pytest.raises(SettingError, match="different names"):
        Card(name="n", architecture="a", classes=("A", "A"), preparation=ECG)
    with pytest.raises(SettingError, match=r"'treshold' is not known.*Did you mean 'thresholds'"):
        decode(Card, {"treshold": 1}, where="card.json")
