"""What the detector's commands refuse before they start to work."""

import pytest
from typer import BadParameter

from training.detector.commands import _sizes


def test_sizes_are_read_one_a_look():
    assert _sizes("480,544+768") == [[480], [544, 768]]


@pytest.mark.parametrize("text", ["", "abc", "640+", "100", "0", "-640"])
def test_sizes_that_no_input_has_are_refused(text):
    with pytest.raises(BadParameter, match="multiples of 32"):
        _sizes(text)
