"""The images below our containers, pinned by digest: `python -m deploy.images` says how old they are."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
#: Files that name images.
IMAGE_FILES = (REPOSITORY / "docker-compose.yml", *sorted((REPOSITORY / "deploy").glob("Dockerfile.*")))
_PINNED = re.compile(r"^\s*(?:image:|FROM)\s+([\w./-]+:[\w.-]+)@(sha256:[0-9a-f]{64})", re.M)


@dataclass(frozen=True, slots=True)
class PinnedImage:
    """An image that is not ours, and the day on which its digest was looked up last."""

    name: str
    digest: str
    looked_up: date
    #: When its version was published, where its tag or its makers' calendar says so.
    published: date | None = None
    #: Why nothing newer is taken, where there is a reason.
    because: str = ""

    def age(self, today: date) -> str:
        """How old it is, in a sentence."""
        if self.published is None:
            return f"looked up {(today - self.looked_up).days} days ago"
        because = f": {self.because}" if self.because else ""
        return f"published {(today - self.published).days} days ago{because}"


_LOOKED_UP = date(2026, 11, 30)
#: Renewed by hand: a tag, its digest, and the day on which they were looked up. These digests are the ones
#: that several public projects pin; `docker buildx imagetools inspect NAME` asks the registry itself.
IMAGES = (
    PinnedImage(
        "redis:7.4.11-alpine",
        "sha256:ff02b58f971e7d7d156a1267e283fcbbeee91773b6aa36c49dac28ecfe28eadf",
        _LOOKED_UP,
    ),
    PinnedImage(
        "postgres:17.11-alpine",
        "sha256:18cfe3ef5e6815560c98237d6216d1e5119702fb0f3894c8785dd58b8bbe5d73",
        _LOOKED_UP,
        date(2026, 8, 13),
    ),
    PinnedImage(
        "minio/minio:RELEASE.2025-09-07T16-13-09Z",
        "sha256:14cea493d9a34af32f524e538b8346cf79f3321eff8e708c1e2960462bd8936e",
        _LOOKED_UP,
        date(2025, 9, 7),
        "the last image that its makers have published",
    ),
    PinnedImage(
        "minio/mc:RELEASE.2025-08-13T08-35-41Z",
        "sha256:a7fe349ef4bd8521fb8497f55c6042871b2ae640607cf99d9bede5e9bdf11727",
        _LOOKED_UP,
        date(2025, 8, 13),
        "the last image that its makers have published",
    ),
    PinnedImage(
        "python:3.12.14-slim-bookworm",
        "sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254",
        _LOOKED_UP,
    ),
)


def named_images() -> Iterator[tuple[str, str]]:
    """Each image that the compose file and the Dockerfiles name with a digest, and that digest."""
    for path in IMAGE_FILES:
        yield from _PINNED.findall(path.read_text(encoding="utf-8"))


def ages(today: date) -> Iterator[str]:
    """A line about each image."""
    return (f"{image.name}: {image.age(today)}" for image in IMAGES)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in ages(date.today()))
