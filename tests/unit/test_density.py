"""The resolution of an image: its own where that can be believed, else that of its likeliest sheet."""

import pytest
from PIL import Image

from worker.rendering.density import density_of


@pytest.mark.parametrize(
    ("size", "stated", "expected"),
    [
        pytest.param((1654, 2339), (200, 200), 200, id="as stated"),
        pytest.param((2480, 3508), (1, 1), 300, id="A4 by its shape"),
        pytest.param((2550, 3300), None, 300, id="letter by its shape"),
        pytest.param((1000, 400), None, 200, id="a slip"),
        pytest.param((4000, 3000), None, 4000 / 11, id="a photograph"),
        pytest.param((9000, 12_000), (72, 72), 12_000 / 11, id="a photograph that states what screens have"),
        pytest.param((640, 8000), None, 200, id="a roll"),
        pytest.param((6000, 4000), None, 200, id="a plan in two values"),
    ],
)
def test_the_resolution_of_an_image(size, stated, expected):
    image = Image.new("1" if size == (6000, 4000) else "L", size)
    if stated:
        image.info["dpi"] = stated

    density = density_of(image)

    assert (density.x, density.y) == pytest.approx((expected, expected), rel=0.01)
