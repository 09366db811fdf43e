from __future__ import annotations

import numpy as np

from pellucid.simulation.draws import Stream, cut_normal, log_normal, stream


def test_streams_have_numbers_of_their_own():
    assert len({int(name) for name in Stream}) == len(Stream.__members__)
    assert min(Stream) == 1  # a stream 0 would be the seed's own generator


def test_streams_repeat_and_differ():
    first, again = stream(5, Stream.QRS).standard_normal(4), stream(5, Stream.QRS).standard_normal(4)
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == stream(5, Stream.T).standard_normal(4))
    assert not np.any(first == stream(6, Stream.QRS).standard_normal(4))


def test_log_normal_has_its_median_and_its_limits():
    rng = np.random.default_rng(0)
    drawn = np.array([log_normal(rng, 4.0, 0.5, 2.0, 9.0) for _ in range(4000)])
    assert drawn.min() == 2.0
    assert drawn.max() == 9.0
    assert abs(np.median(drawn) - 4.0) < 0.15


def test_cut_normal_is_drawn_again_and_not_clipped():
    rng = np.random.default_rng(0)
    drawn = np.array([cut_normal(rng, 0.0, 1.0, -0.5, 1.0) for _ in range(2000)])
    assert -0.5 < drawn.min() < -0.49
    assert 0.99 < drawn.max() < 1.0
