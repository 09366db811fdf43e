"""Class sets by code, in any spelling."""

from __future__ import annotations

import pytest

from pellucid.core.errors import UnknownNameError
from pellucid.datasets.labels import CODE_NAMES, SIX, of_codes


def test_codes_in_any_spelling_and_under_their_names_elsewhere() -> None:
    chosen = of_codes(["afib", "LBBB", " 1AVB"], SIX)
    assert chosen.classes == ("AFIB", "CLBBB", "1AVB")
    assert chosen.members["CLBBB"] == ("CLBBB",)


def test_an_unknown_code_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"class 'AFBI' is not known.*Did you mean 'AFIB'"):
        of_codes(["AFBI"], SIX)


def test_the_code_study_names_the_same_six_in_the_same_order() -> None:
    assert tuple(CODE_NAMES) == SIX
    assert list(CODE_NAMES.values()) == ["1dAVb", "RBBB", "LBBB", "SB", "AF", "ST"]
