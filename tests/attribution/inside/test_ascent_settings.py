from __future__ import annotations

import json

import pytest

from pellucid.attribution.inside.ascent_settings import PRESETS, AscentSettings
from pellucid.core.errors import SettingError
from pellucid.core.settings import decode, encode


def test_the_published_sets_are_the_papers():
    told = {
        name: (s.decay, s.blur, s.blur_every * bool(s.blur), s.norm_percentile, s.contribution_percentile, s.steps)
        for name, s in PRESETS.items()
    }
    assert told == {
        "published_1": (0, 0.5, 4, 50, 0, 500),
        "published_2": (0.3, 0, 0, 20, 0, 750),
        "published_3": (0.0001, 1.0, 4, 0, 0, 1000),
        "published_4": (0, 0.5, 4, 0, 90, 1000),
    }
    assert [(s.rate, s.learning_rate, s.spread) for s in PRESETS.values()] == [
        ("progress", 100, 10), ("constant", 100, 10), ("constant", 100, 10), ("progress", 1e8, 10)
    ]  # fmt: skip


def test_settings_survive_json_and_are_checked():
    settings = PRESETS["published_2"]
    assert decode(AscentSettings, json.loads(json.dumps(encode(settings))), where="ascent") == settings
    for wrong, words in [
        ({"steps": 0}, "steps"), ({"decay": 1.0}, "decay"), ({"norm_percentile": 101.0}, "norm_percentile"),
        ({"rate": "fast"}, "rate"), ({"low": 1.0, "high": 1.0}, "low must be below"), ({"spread": 0.0}, "spread"),
        ({"jitter": -1}, "jitter and seed must be 0 or more; got 0.0, 4, -1 and 0"),
    ]:  # fmt: skip
        with pytest.raises(SettingError, match=words):
            AscentSettings(**wrong)
