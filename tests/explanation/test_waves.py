from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pellucid.core.errors import NotApplicableError
from pellucid.explanation import waves as module
from pellucid.explanation.waves import WAVES, Waves
from pellucid.records.beats import COLUMNS
from pellucid.records.ecg import EcgRecord

NAN = float("nan")
RECORD = EcgRecord(signal=np.zeros((2, 10)), sampling_rate=10, leads=("I", "II"), name="ten samples")


@pytest.fixture
def found(monkeypatch):
    """Two beats: P, QRS and T of one; QRS alone of the other. Counts how often they are looked for."""
    asked = []

    def beats(record):
        asked.append(record)
        return pd.DataFrame([[0.0, 0.2, 0.2, 0.3, 0.4, 0.6], [NAN, NAN, 0.8, 0.9, NAN, NAN]], columns=list(COLUMNS))

    monkeypatch.setattr(module, "beats", beats)
    return asked


def test_each_moment_has_its_wave(found):
    labels = Waves(RECORD, np.ones(10, dtype=bool)).at(RECORD.times)
    assert [WAVES[label][0] for label in labels] == list("PPQbTTbbQb")


def test_the_table_adds_up(found):
    waves = Waves(RECORD, np.arange(10) < 9)
    relevance = np.array([[1, 0, 4, 0, 0, -2, 0, 0, 1, 50], [0, 0, -8, 0, 0, 0, 0, 0, 0, 0]], dtype=float)
    table = waves.table(relevance, ["I", "II"])
    assert table.columns.tolist() == ["lead", "wave", "share", "positive", "negative", "time"]
    assert table[["lead", "wave"]].to_numpy().tolist() == [[lead, wave] for lead in ("I", "II") for wave in WAVES]
    assert table["share"].tolist() == [1 / 16, 5 / 16, 2 / 16, 0, 0, 8 / 16, 0, 0]
    assert table["positive"].tolist() == [1, 5, 0, 0, 0, 0, 0, 0]
    assert table["negative"].tolist() == [0, 0, -2, 0, 0, -8, 0, 0]
    assert np.allclose(table["time"], [2 / 18, 2 / 18, 2 / 18, 3 / 18] * 2)


def test_an_empty_map_has_no_shares(found):
    assert Waves(RECORD, np.ones(10, dtype=bool)).table(np.zeros((1, 10)), ["all"])["share"].tolist() == [0, 0, 0, 0]


def test_beats_are_looked_for_once_and_only_when_they_are_asked_for(found):
    waves = Waves(RECORD, np.ones(10, dtype=bool))
    assert not found
    for _ in range(2):
        waves.table(np.ones((2, 10)), ["I", "II"])
    assert found == [RECORD]


def test_without_beats_there_are_no_waves(monkeypatch):
    monkeypatch.setattr(module, "beats", lambda record: pd.DataFrame(columns=list(COLUMNS), dtype=float))
    with pytest.raises(NotApplicableError, match="no beats were found in record ten samples"):
        Waves(RECORD, np.ones(10, dtype=bool)).at(RECORD.times)
