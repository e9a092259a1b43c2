"""What a person reads after an enrolment."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from producer.printing import enrolments
from producer.services.enroll import ImageEnrolled, SignerEnrolled
from worker.result import EnrolmentResult


def test_a_signer_whose_images_were_all_refused_has_no_empty_table(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(enrolments, "err", Console(file=stream, width=80))
    refused = ImageEnrolled("page.png", "0" * 64, refused="'page.png' is a whole page")
    nobody = EnrolmentResult(signer="Bob", references=(), wanted=5, lacking=5)

    enrolments.tell_signer(SignerEnrolled((refused,), nobody))

    assert stream.getvalue().splitlines() == [
        "not enrolled: 'page.png' is a whole page",
        "Bob has no reference on file",
    ]
