from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pellucid import MriSlice, read
from pellucid.core.errors import UnreadableFileError

# A gradient with a bright upper left corner, so that turning it shows.
GREY = np.add.outer(np.arange(0, 60, 3), np.arange(0, 100, 5)).astype(np.uint8)
GREY[:5, :5] = 250


def example(folder):
    return saved(Image.fromarray(GREY), folder / "slice.png")


def saved(picture, path, **options):
    picture.save(path, **options)
    return path


def colour(share):
    rgb = np.stack([GREY] * 3, axis=2)
    rgb[: round(20 * share)] = (255, 0, 0)
    return Image.fromarray(rgb)


def test_grey_becomes_0_to_1(tmp_path):
    record = read(example(tmp_path))
    assert isinstance(record, MriSlice)
    assert (record.name, record.spacing, record.shape, dict(record.metadata)) == ("slice", None, (20, 20), {})
    np.testing.assert_allclose(record.pixels, GREY / 255, atol=1e-7)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1", "I;16"])
def test_every_mode_of_png_gives_the_same_grey(tmp_path, mode):
    if mode == "I;16":
        picture = Image.fromarray(GREY.astype(np.uint16) * 257)
    elif mode == "1":
        picture = Image.fromarray(GREY > 128)
    else:
        picture = Image.fromarray(GREY).convert("RGB" if mode == "P" else mode)
        picture = picture.quantize(256) if mode == "P" else picture
    record = read(saved(picture, tmp_path / "slice.png"))
    np.testing.assert_allclose(record.pixels, GREY > 128 if mode == "1" else GREY / 255, atol=1e-3)
    assert record.metadata == {}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_mode_of_jpeg(tmp_path, mode):
    record = read(saved(Image.fromarray(GREY).convert("RGB").convert(mode), tmp_path / "slice.jpg", quality=95))
    assert np.abs(record.pixels - GREY / 255).mean() < 0.02
    assert record.metadata == {}


def test_colour_becomes_luma_and_is_told(tmp_path):
    record = read(saved(colour(0.25), tmp_path / "slice.png"))
    np.testing.assert_allclose(record.pixels[:5], 0.299, atol=1e-6)
    assert record.metadata["notes"] == ["25.0% of the picture is in colour; grey is its luma. MRI slices have none."]


def test_a_transparent_part_is_black_and_told(tmp_path):
    picture = Image.fromarray(GREY).convert("LA")
    picture.putalpha(Image.fromarray(np.where(GREY == 250, 0, 255).astype(np.uint8)))
    record = read(saved(picture, tmp_path / "slice.png"))
    assert record.pixels[:5, :5].max() == 0
    np.testing.assert_allclose(record.pixels[10:], GREY[10:] / 255, atol=1e-6)
    assert record.metadata["notes"] == ["Parts of the picture are transparent; they are taken as black."]


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_the_exif_orientation_is_undone(tmp_path, orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(Image.fromarray(GREY[:, :10]), tmp_path / "slice.png", exif=exif)
    np.testing.assert_allclose(read(path).pixels, np.rot90(GREY[:, :10], turns) / 255, atol=1e-7)


def test_content_counts_not_the_suffix(tmp_path):
    for name in ("slice.hea", "slice.csv", "slice.dcm", "slice.dat", "slice"):
        np.testing.assert_array_equal(read(example(tmp_path).rename(tmp_path / name)).pixels, (GREY / 255).astype("f4"))


def test_a_cut_off_picture_says_so(tmp_path):
    whole = example(tmp_path).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFileError, match=r"cut\.png is a damaged picture: .* Copy or export it again"):
        read(tmp_path / "cut.png")


def test_a_picture_that_announces_too_many_pixels_is_not_unpacked(tmp_path):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    for side in (6_000, 12_000, 30_000):  # beyond our limit, beyond Pillow's warning, beyond Pillow's error
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(bytes(100)))
        (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b""))
        with pytest.raises(UnreadableFileError, match="pixels"):
            read(tmp_path / "bomb.png")


def test_every_shared_folder_of_slices_is_read(shared):
    for folder in ("brain_tumor_mri/Testing/no_tumor", "dementia/test/MildDemented", "external_no_tumor"):
        record = read(min((shared / "data" / folder).glob("*.jpg")))
        assert record.metadata == {}
        assert 0.05 < record.pixels.mean() < 0.5
