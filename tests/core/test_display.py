from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.core.display import Displayed
from pellucid.records.ecg import EcgRecord
from pellucid.records.slice import MriSlice


@dataclass(frozen=True, slots=True)
class Unheard(Displayed):
    value: int = 0


class OwnRecord(EcgRecord):
    pass


def test_what_has_no_display_is_left_to_the_notebook():
    assert Unheard()._repr_html_() is None


def test_no_slot_is_added():
    assert not hasattr(Unheard(), "__dict__")
    assert not hasattr(MriSlice(pixels=np.eye(3)), "__dict__")


def test_a_subclass_is_drawn_like_what_it_is():
    assert "12 leads" in OwnRecord(signal=np.zeros((12, 20)), sampling_rate=20)._repr_html_()
