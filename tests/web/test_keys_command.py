"""`countersign keys` on a results folder: made once, listed without secrets, withdrawn."""

from __future__ import annotations

from pathlib import Path

from db.engine import make_engine
from db.migrate import upgrade
from producer.services.keys import caller_with_key
from producer.services.run_folder import DATABASE, results_folder
from tests.acceptance.commands import countersign


def test_keys_are_made_listed_and_withdrawn(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / DATABASE}")
    upgrade(engine)
    engine.dispose()
    here = ("--results", tmp_path)

    made = countersign("keys", "make", "ann", "--scope", "review", *here)
    with results_folder(tmp_path) as folder:
        known = caller_with_key(folder.sessions, made.out.strip())
    listed = countersign("keys", "list", "--run", tmp_path)
    withdrawn = countersign("keys", "revoke", "ann", *here)
    with results_folder(tmp_path) as folder:
        unknown = caller_with_key(folder.sessions, made.out.strip())
    nameless = countersign("keys", "make", *here)

    assert (made.status, withdrawn.status, nameless.status) == (0, 0, 2), made.err + withdrawn.err
    assert known is not None
    assert (known.name, sorted(known.scopes)) == ("ann", ["read", "review"])
    assert "ann" in listed.out
    assert made.out.strip() not in listed.out
    assert unknown is None


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    answer = countersign("serve", "--results", tmp_path)

    assert answer.status == 2
    assert "is no folder that `countersign run --out` left" in answer.err
