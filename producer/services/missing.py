"""What somebody asks for and is not there."""

from __future__ import annotations

from worker.errors import PermanentError


class NotFound(PermanentError):
    """There is no such document, page, region, signer or reference."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"there is no {self.what}"
