from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.core.errors import UnreadableFileError
from pellucid.records import limits

FILE = Path("some.dat")


@pytest.mark.parametrize(
    ("check", "sizes", "message"),
    [
        (limits.check_bytes, (0,), r"some\.dat is empty\. Copy or download it again"),
        (limits.check_bytes, (limits.MAX_BYTES + 2**20,), r"some\.dat must have at most 512 MiB; got 513 MiB\. Cut it"),
        (limits.check_samples, (0, 5), r"some\.dat holds no signal: 0 leads of 5 samples"),
        (limits.check_samples, (12, 10**7), "at most 67,108,864 samples over all leads; it announces 12 x 10,000,000"),
        (limits.check_pixels, (5000, 5001), "at most 25,000,000 pixels; got 5001 x 5000. Reduce it first"),
    ],
)
def test_beyond_a_limit_file_limit_and_remedy_are_named(check, sizes, message):
    with pytest.raises(UnreadableFileError, match=message):
        check(*sizes, FILE)


def test_at_the_limits_nothing_is_said():
    limits.check_bytes(limits.MAX_BYTES, FILE)
    limits.check_samples(1, limits.MAX_SAMPLES, FILE)
    limits.check_pixels(5000, 5000, FILE)
