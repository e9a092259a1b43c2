"""The description of the API: it is the file in docs, and what it promises is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth

from deploy.api_reference import API_PAGE, written_api
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds

#: Requests that are drawn for each operation.
EXAMPLES = 15


def test_the_file_in_docs_is_the_api() -> None:
    assert API_PAGE.read_text(encoding="utf-8") == written_api(), "run python -m deploy.api_reference"


def operations() -> Iterator[dict[str, object]]:
    for path in json.loads(written_api())["paths"].values():
        yield from path.values()


def test_every_route_says_what_it_does_and_how_it_fails() -> None:
    assert json.loads(written_api())["openapi"].startswith("3.1")
    assert [one for one in operations() if not {"4XX", "5XX"} <= set(one["responses"])] == []
    assert [one["operationId"] for one in operations() if not one.get("description")] == []


def test_every_answer_is_as_described(documents: World) -> None:
    app = make_web_app(WebDeps(documents.sessions, documents.store, logins=False))
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", guarded_app(app, Bounds(names=())))

    reading = [found.ok() for found in schema.get_all_operations() if found.ok().method.upper() == "GET"]
    # This console only reads, and refuses whatever is written.
    assert reading
    for operation in reading:
        every_answer(operation)


def every_answer(operation: schemathesis.schemas.APIOperation) -> None:
    """Call an operation with drawn requests, right and wrong ones; fail where it is not as described."""

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def check(case: schemathesis.Case) -> None:
        # A folder's own console asks nobody for a key.
        case.call_and_validate(excluded_checks=[ignored_auth])

    check()
