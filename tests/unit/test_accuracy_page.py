"""docs/accuracy.md and the model cards show what docs/figures/*.json hold."""

import pytest

from training.common import accuracy_page
from training.common.accuracy_page import (
    FIGURES,
    PAGES,
    Key,
    Measured,
    MissingFigures,
    page,
    read_all,
    worded,
)
from training.common.accuracy_tables import TABLES, Column, Row, Table
from training.common.figures import FigureFile, Unit, as_figure, write_figures

PAGE = "Before.\n<!-- table: t -->\nold\n<!-- end -->\nAfter.\n"
SPEC = Table(("set",), (Column("recall", "recall at {at}"),), (Row(("memos",), "detector", "memos", "0.50"),))


def recall(value: float, *, low: float = 0.5, high: float = 0.9):
    return as_figure(
        "detector", of="memos", measure="recall at 0.50", value=value, interval=(low, high), n=10
    )


def keyed(figure) -> dict:
    return {Key(figure.model, figure.set, figure.measure): Measured(figure, "abc", "2026-11-29")}


def stored(folder, name: str, *figures) -> None:
    date = "2026-11-29"
    write_figures(FigureFile(commit="abc", date=date, weights={}, figures=figures), folder / f"{name}.json")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_up_to_date(path):
    text = path.read_text(encoding="utf-8")

    assert page(text, read_all(FIGURES)) == text, "run python -m training.common.accuracy_page"


def test_every_table_stands_on_a_page_and_on_none_twice():
    texts = [path.read_text(encoding="utf-8") for path in PAGES]

    counts = {name: [text.count(f"<!-- table: {name} -->") for text in texts] for name in TABLES}

    assert {name: max(times) for name, times in counts.items()} == dict.fromkeys(TABLES, 1)


def test_a_figure_replaces_what_stood_there_and_leaves_the_text():
    written = page(PAGE, keyed(recall(0.657)), {"t": SPEC})

    assert written == (
        "Before.\n<!-- table: t -->\n| set | recall |\n| --- | --- |\n"
        "| memos | 65.7 % (50.0–90.0) |\n\nMeasured 2026-11-29 at commit abc.\n<!-- end -->\nAfter.\n"
    )


def test_a_figure_that_is_not_there_is_an_error():
    with pytest.raises(MissingFigures, match=r"detector, memos, recall at 0\.50"):
        page(PAGE, {}, {"t": SPEC})


def test_a_cell_may_be_empty_where_it_need_not_be_known_but_never_a_whole_row():
    columns = (Column("recall", "recall at {at}", optional=True), Column("time", "time", optional=True))
    known, unknown = (Row((name,), "detector", name, "0.50") for name in ("memos", "town"))

    assert "| memos | 65.7 % (50.0–90.0) |  |" in page(
        PAGE, keyed(recall(0.657)), {"t": Table(("set",), columns, (known,))}
    )
    with pytest.raises(MissingFigures) as raised:
        page(PAGE, keyed(recall(0.657)), {"t": Table(("set",), columns, (known, unknown))})
    assert raised.value.keys == (
        Key("detector", "town", "recall at 0.50"),
        Key("detector", "town", "time"),
    )


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["write", "check"])
def test_the_command_names_what_is_missing_and_writes_nothing(tmp_path, monkeypatch, capsys, arguments):
    written = tmp_path / "page.md"
    text = "<!-- table: copies -->\nold\n<!-- end -->\n"
    written.write_text(text, encoding="utf-8")
    monkeypatch.setattr(accuracy_page, "PAGES", (written,))
    monkeypatch.setattr(accuracy_page, "FIGURES", tmp_path)

    assert accuracy_page.main(arguments) == 1
    assert "copies, scanned again, found" in " ".join(capsys.readouterr().err.split())
    assert written.read_text(encoding="utf-8") == text


def test_the_command_writes_what_is_out_of_date_and_the_check_says_so(tmp_path, monkeypatch):
    written = tmp_path / "page.md"
    written.write_text("<!-- table: copies -->\nold\n<!-- end -->\n", encoding="utf-8")
    monkeypatch.setattr(accuracy_page, "PAGES", (written,))

    assert accuracy_page.main(["--check"]) == 1
    assert accuracy_page.main([]) == 0
    assert "Measured" in written.read_text(encoding="utf-8")
    assert accuracy_page.main(["--check"]) == 0


def test_two_files_may_agree_but_not_contradict_each_other(tmp_path):
    stored(tmp_path, "a", recall(0.5))
    stored(tmp_path, "b", recall(0.5))

    assert read_all(tmp_path) == keyed(recall(0.5))

    stored(tmp_path, "c", recall(0.6))

    with pytest.raises(ValueError, match="contradicts"):
        read_all(tmp_path)


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        pytest.param(recall(0.5, high=1.0), "50.0 % (50.0–100.0)", id="share"),
        pytest.param(recall(0, low=0, high=0.00011), "0.000 % (0.000–0.011)", id="rare"),
        pytest.param(recall(float("nan")), "not known", id="not measured"),
        pytest.param(
            as_figure("a", of="b", measure="c", value=0.7, n=1, unit=Unit.RATIO), "0.70", id="ratio"
        ),
    ],
)
def test_figures_are_worded_by_their_unit(figure, words):
    assert worded(figure) == words
