"""A claims table is read as people save it, and names every row that found no document."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from producer.claims_table import ClaimsTable, read_claims
from worker.errors import WrongUse


def test_a_csv_names_signers_per_document(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text('\ufeffdocument,note,signer\na.pdf,x,Ann\nb.pdf,,"Lee, Bob"\na.pdf,,Cid\na.pdf,,Ann\n')

    assert read_claims(path) == {"a.pdf": ["Ann", "Cid"], "b.pdf": ["Lee, Bob"]}


def test_semicolons_part_columns_where_the_header_has_them(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_bytes('\ufeffDocument; Signer\r\na.pdf;"Lee; Bob"\r\n\r\nb.pdf;Müller, Ann\r\n'.encode())

    assert read_claims(path) == {"a.pdf": ["Lee; Bob"], "b.pdf": ["Müller, Ann"]}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"", "line 1: the header .*; it says nothing", id="empty"),
        pytest.param(b"a.pdf,Ann\n", "line 1: the header .* key,signer; it says a.pdf,Ann", id="no header"),
        pytest.param(
            b"document,signer\na.pdf,Ann\n,Bob\n",
            "line 3: the column of documents is empty",
            id="no document",
        ),
        pytest.param(b"document,signer\na.pdf,\n", "line 2: the column signer is empty", id="no signer"),
        pytest.param(b"document,signer\na.pdf\n", "line 2", id="short row"),
        pytest.param(
            b"document,signer\na.pdf,Ann,\nb.pdf,Lee, Bob\n",
            "line 3: it has more cells than the header; quote a name",
            id="comma in a name",
        ),
        pytest.param(
            b'document,signer\na.pdf,"Ann\nb.pdf,Bob\n',
            "line 2: a quote is opened in this row and never closed",
            id="open quote",
        ),
        pytest.param(
            b"document,signer\na.pdf,A\x07\n", "line 2: the column signer: a name with", id="control"
        ),
        pytest.param(b"document,signer\na.pdf,M\xfcller\n", "line 2: not UTF-8 .*Latin-1", id="latin-1"),
        pytest.param("document,signer\n".encode("utf-16"), "line 1: not UTF-8 .*UTF-16", id="utf-16"),
    ],
)
def test_a_csv_that_cannot_be_used_names_its_line(tmp_path, content, line):
    path = tmp_path / "claims.csv"
    path.write_bytes(content)

    with pytest.raises(WrongUse, match=line):
        read_claims(path)


def test_every_row_that_cannot_be_used_is_named_at_once(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text('document,signer\n,Ann\n"b\n.pdf",Bob\nc.pdf,\n')

    with pytest.raises(WrongUse) as refused:
        read_claims(path)

    first, second = str(refused.value).splitlines()
    assert first.startswith(f"{path}, line 2: ")
    assert second.startswith(f"{path}, line 5: ")


def test_a_csv_that_is_not_there_is_wrong_use(tmp_path):
    with pytest.raises(WrongUse, match="cannot read"):
        read_claims(tmp_path / "none.csv")


def test_a_document_is_found_by_its_key_before_its_file_name():
    table = ClaimsTable({"in/a.pdf": ["Ann"], "a.pdf": ["Bob"]})

    assert table.claimed("in/a.pdf") == ["Ann"]
    assert table.claimed("out/a.pdf") == ["Bob"]
    assert not table.claimed("b.pdf")


def test_a_document_is_found_by_its_path_below_the_folder_in_any_unicode_form():
    table = ClaimsTable({"./" + unicodedata.normalize("NFD", "März/a.pdf"): ["Ann"]})

    assert table.claimed("/srv/scans/März/a.pdf", "März/a.pdf") == ["Ann"]
    assert list(table.unused()) == []


@pytest.mark.parametrize(
    ("written", "there"),
    [
        pytest.param("A.PDF", "a.pdf", id="letter case"),
        pytest.param("a.pdf ", "a.pdf", id="a space behind it"),
        pytest.param("in\\a.pdf", "in/a.pdf", id="the other slash"),
        pytest.param("a", "a.pdf", id="no ending"),
    ],
)
def test_a_row_that_nearly_names_a_document_says_which(written, there):
    table = ClaimsTable({written: ["Ann"]}, path=Path("claims.csv"), lines={written: [7]})

    assert not table.claimed(there)
    table.claimed("b.pdf")
    assert list(table.unused()) == [
        f"claims.csv, line 7: there is no document {written!r}; did you mean {there!r}?"
    ]


def test_every_row_of_a_document_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("document,signer\na.pdf,Ann\nc.pdf,Ann\nc.pdf,Bob\n")
    table = read_claims(path)

    table.claimed("a.pdf")

    assert list(table.unused()) == [f"{path}, line {line}: there is no document 'c.pdf'" for line in (3, 4)]


def test_our_own_table_of_claims_is_a_claims_file(tmp_path):
    """Its key is a key, not the number of a document; what guards a formula is taken off again."""
    path = tmp_path / "claims.csv"
    path.write_text("document_id,key,signer,source\n7,'=a.pdf,'-Ann,file\n8,b.pdf,Bob's,key\n")

    assert read_claims(path) == {"=a.pdf": ["-Ann"], "b.pdf": ["Bob's"]}


@pytest.fixture
def same_names(tmp_path: Path) -> ClaimsTable:
    """Rows by file name, by path, and of a file that there is twice."""
    path = tmp_path / "claims.csv"
    path.write_text("key,signer\na.pdf,Ann\nx/b.pdf,Bob\nc.pdf,Cay\n")
    return read_claims(path)


DOCUMENTS = [("in/x/a.pdf", "x/a.pdf"), ("in/y/a.pdf", "y/a.pdf"), ("in/x/b.pdf", "x/b.pdf")]


def test_a_row_that_may_mean_two_files_means_neither_and_is_named(same_names: ClaimsTable) -> None:
    documents = [*DOCUMENTS, ("in/y/b.pdf", "y/b.pdf"), ("in/z/c.pdf", "z/c.pdf")]
    same_names.meet(documents)

    claimed = {names[1]: list(same_names.claimed(*names)) for names in documents}

    assert claimed == {"x/a.pdf": [], "y/a.pdf": [], "x/b.pdf": ["Bob"], "y/b.pdf": [], "z/c.pdf": ["Cay"]}
    (sentence,) = same_names.unused()
    assert sentence.endswith("line 2: 'a.pdf' may mean 'in/x/a.pdf' and 'in/y/a.pdf': write the path")


def test_a_path_goes_before_a_file_name(same_names: ClaimsTable) -> None:
    documents = [("in/a.pdf", "a.pdf"), *DOCUMENTS[:2]]
    same_names.meet(documents)

    claimed = [list(same_names.claimed(*names)) for names in documents]

    assert claimed == [["Ann"], [], []]
    assert [sentence.rpartition(": ")[2] for sentence in same_names.unused()] == [
        "there is no document 'x/b.pdf'",
        "there is no document 'c.pdf'",
    ]


def test_the_same_path_in_three_folders_is_named_with_their_number(same_names: ClaimsTable) -> None:
    documents = [(f"in{number}/a.pdf", "a.pdf") for number in range(3)]
    same_names.meet(documents)

    assert [list(same_names.claimed(*names)) for names in documents] == [[], [], []]
    assert "'in0/a.pdf' and 'in1/a.pdf', 3 in all" in next(same_names.unused())


def test_a_document_that_comes_behind_those_that_were_met_has_its_row(same_names: ClaimsTable) -> None:
    same_names.meet(DOCUMENTS)

    assert same_names.claimed("in/z/c.pdf", "z/c.pdf") == ["Cay"]
    assert [sentence for sentence in same_names.unused() if "c.pdf" in sentence] == []


def test_where_documents_come_one_by_one_a_row_that_two_have_taken_is_named(same_names: ClaimsTable) -> None:
    assert [list(same_names.claimed(*names)) for names in DOCUMENTS[:2] * 2] == [["Ann"]] * 4

    assert "'a.pdf' may mean 'in/x/a.pdf' and 'in/y/a.pdf'" in next(same_names.unused())
