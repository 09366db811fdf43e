from __future__ import annotations

import numpy as np

from pellucid.attribution.occluding.tiles import tiled
from pellucid.attribution.occluding.windows import grid


def test_every_window_is_in_one_tile_with_its_neighbours():
    windows = grid((3, 40, 56), 4, 4, each=False, centred=False).windows  # 10 x 14
    tiles = tiled(windows, 3)
    assert [len(tile.starts) for tile in tiles] == [35, 35, 35, 35]
    assert sorted(np.concatenate([tile.windows[None] for tile in tiles])) == list(range(140))
    for tile in tiles:
        for start, end, number in zip(tile.starts, tile.ends, tile.windows[None], strict=True):
            assert [(s.start, s.stop) for s in windows[number][1:]] == list(zip(start, end, strict=True))
        assert (tile.starts.max(0) - tile.starts.min(0)).tolist() == [16, 24]


def test_channels_share_the_places():
    windows = grid((3, 40), 4, 4, each=True, centred=False).windows
    (tile,) = tiled(windows, 3)
    assert tile.starts[:, 1].tolist() == list(range(0, 40, 4))
    assert (tile.starts[:, 0] == 0).all()
    assert (tile.ends[:, 0] == 1).all()
    assert {channel: own.tolist() for channel, own in tile.windows.items()} == {
        c: list(range(10 * c, 10 * c + 10)) for c in range(3)
    }


def test_one_channel_is_all_of_them():
    windows = grid((1, 2048), 8, 4, each=True, centred=False).windows
    tiles = tiled(windows, 1)
    assert [list(tile.windows) for tile in tiles] == [[None]] * 4
    assert sum(len(tile.starts) for tile in tiles) == 511
