"""Stored pictures: read back as they were written, or refused with what is wrong with them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from worker.errors import DamagedImage
from worker.vision.images import darkest_channel, decode, decode_as_stored, encode_png, resized, shrunk

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
PNG = encode_png(PICTURE)
JPEG = cv2.imencode(".jpg", PICTURE)[1].tobytes()


def test_a_png_comes_back_pixel_for_pixel():
    assert np.array_equal(decode(PNG), PICTURE)


@pytest.mark.parametrize("data", [JPEG, JPEG + b"\0\0\r\n"], ids=["as written", "padded"])
def test_a_complete_jpeg_is_read(data: bytes):
    assert decode(data).shape == PICTURE.shape


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_stored_in_grey_is_read_in_grey_or_as_equal_channels(suffix: str):
    data = cv2.imencode(suffix, PICTURE[..., 0].copy())[1].tobytes()

    grey = decode_as_stored(data)

    assert grey.shape == PICTURE.shape[:2]
    assert np.array_equal(decode(data), np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("data", [PNG, JPEG], ids=["PNG", "JPEG"])
def test_a_picture_stored_in_colour_is_read_in_colour(data: bytes):
    assert np.array_equal(decode_as_stored(data), decode(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b"no image", "neither JPEG nor PNG", id="no image"),
        pytest.param(cv2.imencode(".bmp", PICTURE)[1].tobytes(), "neither JPEG nor PNG", id="another format"),
        pytest.param(PNG[:-1], "cut off", id="PNG without its last byte"),
        pytest.param(JPEG[: len(JPEG) // 2], "cut off", id="half a JPEG"),
        pytest.param(b"\xff\xd8\xff\xd9", "cannot be decoded", id="JPEG of nothing"),
        pytest.param(PNG.replace(b"IDAT", b"IDAX"), "cannot be decoded", id="PNG without pixels"),
    ],
)
def test_what_is_damaged_is_refused_with_its_reason(data: bytes, reason: str):
    with pytest.raises(DamagedImage, match=reason):
        decode(data)


def test_reduction_averages_so_that_a_hairline_stays():
    page = np.full((100, 100), 255, np.uint8)
    page[:, 51] = 0

    assert resized(page, width=25, height=25).min() == pytest.approx(191, abs=1)


def test_an_image_that_is_small_enough_is_not_touched():
    assert shrunk(PICTURE, longest=60) is PICTURE
    assert shrunk(PICTURE, longest=30).shape == (20, 30, 3)


def test_ink_of_any_colour_is_dark_in_the_darkest_channel() -> None:
    inks = np.array([[[255, 0, 0], [0, 0, 200], [255, 255, 255]]], np.uint8)

    grey = darkest_channel(inks)

    assert (grey.tolist(), grey.dtype) == ([[0, 0, 255]], np.uint8)
    assert darkest_channel(grey) is grey
