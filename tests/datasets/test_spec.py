"""Data sets as they are asked for in a line of text."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import SettingError
from pellucid.datasets.dataset import dataset
from pellucid.datasets.spec import check_settings, parted, without_folders


def test_a_spec_is_taken_apart() -> None:
    settings = {"by": "beat", "strict": False, "split": "a.csv"}
    assert parted("mitbih:/data/mit,db,by=beat,strict=false,split=a.csv") == ("mitbih", "/data/mit,db", settings)
    assert parted("ptbxl:C:/ptb-xl") == ("ptbxl", "C:/ptb-xl", {})
    assert parted("ptbxl") == ("ptbxl", "", {})


def test_where_data_lie_is_left_out_and_their_settings_are_not() -> None:
    told = without_folders("mitbih:/data/own/mitdb,by=beat,strict=false,split=/data/own/split.csv")
    assert told == "mitbih:mitdb,by=beat,strict=false,split=split.csv"
    assert without_folders("simulated:7") == "simulated:7"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("phantoms:8,sise=32", "setting 'sise' is not known; known: classes, seed, size, shortcut, split.*mean 'size'"),
        ("phantoms:8,size=big", "phantoms: size must be a whole number; got 'big'"),
        ("phantoms:8,size=1.5", "size must be a whole number; got 1.5"),
        ("simulated:7,sampling_rate=true", "sampling_rate must be a number; got True"),
        ("mitbih:nowhere,strict=no", "mitbih: strict must be true or false; got 'no'"),
        ("ptbxl:nowhere,sampling_rate=abc", "sampling_rate must be a number; got 'abc'"),
    ],
)
def test_a_wrong_setting_is_told(spec: str, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        dataset(spec)


def test_a_data_set_of_others_may_take_what_it_likes() -> None:
    def free(place: str, **settings: object) -> None:
        """Take anything."""

    def strict(place: str, rate: Unknown = 1) -> None:  # type: ignore[name-defined]  # noqa: F821  # as under TYPE_CHECKING
        """Take a rate of a type that is not there."""

    check_settings(free, "free", {"anything": 1})
    assert dataset("phantoms:8", seed=np.int64(3)).table["patient"].iloc[0] == "phantom-3-0"
    check_settings(strict, "strict", {"rate": "fast"})
    with pytest.raises(SettingError, match="'rat' is not known; known: rate, split"):
        check_settings(strict, "strict", {"rat": 1})
