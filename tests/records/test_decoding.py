from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.records.decoding import decoded, is_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_the_micro_sign_survives_every_encoding(encoding):
    assert decoded("unit=µV\n".encode(encoding)) == "unit=µV\n"


@given(st.binary(max_size=50))
def test_anything_can_be_decoded(raw):
    assert isinstance(decoded(raw), str)


def test_a_nul_is_no_text_but_utf_16_is():
    assert is_text(b"I,II\n")
    assert not is_text(b"I,\0II")
    assert is_text("I,II".encode("utf-16"))
