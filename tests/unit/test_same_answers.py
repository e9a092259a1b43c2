"""The tool that compares the answers of two runs sees every difference, and none that comes with a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.same_answers import main
from worker.result import DocumentResult

#: When something was; no two runs share it.
MOMENTS = [name for name in DocumentResult.model_fields if name.endswith("_at")]


def result(folder: str = "first", **changed: Any) -> dict[str, Any]:
    region = {"x": 1.0, "crop": f"{folder}/objects/documents/1/crops/0.png", "clean": None}
    return {
        "document": "a.pdf",
        "signed": True,
        "pages": [{"image": f"/tmp/{folder}/objects/documents/1/0.jpg", "regions": [region]}],
        "versions": {"detector": "d", "code": folder},
        "seconds": {"render": len(folder)},
        **dict.fromkeys(MOMENTS, folder),
        **changed,
    }


def compared(folder: Path, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> int:
    for name, results in (("before", before), ("after", after)):
        (folder / name).write_text("".join(json.dumps(one) + "\n" for one in results))
    return main([str(folder / "before"), str(folder / "after")])


def test_what_comes_with_a_run_is_no_difference(tmp_path, capsys):
    assert compared(tmp_path, [result("first")], [result("elsewhere")]) == 0
    assert capsys.readouterr().out == "the answers are the same\n"


@pytest.mark.parametrize(
    ("after", "line"),
    [
        pytest.param(result(signed=None), "a.pdf: signed: True before, None after", id="a value"),
        pytest.param(result(signed=1), "a.pdf: signed: True before, 1 after", id="a type"),
        pytest.param(result(pages=[]), "a.pdf: pages: 1 of them before, 0 of them after", id="a length"),
        pytest.param(result(more=1), "a.pdf: more: nothing before, 1 after", id="a new field"),
        pytest.param(
            result(versions={}), "a.pdf: versions.detector: 'd' before, nothing after", id="a field gone"
        ),
        pytest.param(
            dict(reversed(result().items())),
            "a.pdf: document: fields in another order: versions, pages, signed, document",
            id="the order of fields",
        ),
    ],
)
def test_a_difference_is_named(tmp_path, capsys, after, line):
    assert compared(tmp_path, [result()], [after]) == 1
    assert line in capsys.readouterr().out.splitlines()


def test_a_picture_with_other_pixels_is_a_difference(tmp_path):
    other = result(pages=[{"image": "objects/documents/1/1.jpg", "regions": []}])

    assert compared(tmp_path, [result()], [other]) == 1


def test_a_document_that_is_missing_is_a_difference(tmp_path, capsys):
    assert compared(tmp_path, [result(), result()], [result()]) == 1
    assert "line 2: only" in capsys.readouterr().out


def test_two_files_are_wanted():
    assert main(["before.jsonl"]) == 2
