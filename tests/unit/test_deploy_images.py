"""The images that are not ours: pinned by digest everywhere, and their age is told."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, timedelta

import pytest
import yaml

from deploy.images import IMAGE_FILES, IMAGES, REPOSITORY, ages, named_images


def test_every_image_is_in_the_table_with_its_digest():
    assert set(named_images()) == {(image.name, image.digest) for image in IMAGES}


def test_nothing_that_is_not_ours_is_named_without_a_digest():
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    images = [service["image"] for service in services.values() if "build" not in service]
    images += [
        base for path in IMAGE_FILES[1:] for base in re.findall(r"^FROM (\S+)", path.read_text(), re.M)
    ]

    assert [image for image in images if not re.search(r"@sha256:[0-9a-f]{64}$", image)] == []


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name.partition(":")[0])
def test_no_image_was_a_year_old_when_it_was_looked_up_unless_there_is_no_newer(image):
    assert image.looked_up <= date.today()
    assert image.published is None or image.because or image.looked_up - image.published < timedelta(days=365)


def test_the_age_of_each_is_named():
    lines = list(ages(date(2026, 12, 10)))

    assert "postgres:17.11-alpine: published 119 days ago" in lines
    assert "redis:7.4.11-alpine: looked up 10 days ago" in lines
    assert any("RELEASE.2025-09-07" in line and "the last image" in line for line in lines)
    assert len(lines) == len(IMAGES)


def test_the_command_tells_the_ages_of_today():
    command = [sys.executable, "-m", "deploy.images"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)

    assert told.stdout.splitlines() == list(ages(date.today()))
