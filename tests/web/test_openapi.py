"""The description of the API: it is the file in docs, and what it promises is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from deploy.api_reference import API_PAGE, written_api
from producer.services.keys import LOCAL, Right, make_key
from producer.services.receive import FolderIntake
from producer.services.webhooks import add_webhook
from tests.fakes import PartEncoder, page
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds

#: Requests that are drawn for each operation.
EXAMPLES = 15
#: Visits of a caller who goes on with what earlier answers named, and requests of each.
VISITS, STEPS = 15, 8


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


def test_whatever_is_asked_in_whatever_order_is_answered_as_described(
    documents: World, tmp_path: Path
) -> None:
    """Documents, webhooks and reviews are made, used and removed; routes that load models are left out."""
    intake = FolderIntake(tmp_path, documents.sessions, lambda _: None)
    app = make_web_app(WebDeps(documents.sessions, documents.store, intake))
    bounds = Bounds(names=(), direct_only=False)
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", guarded_app(app, bounds))
    # Every request shows the same key: what happens without one has tests of its own.
    schema.config.generation.update(with_security_parameters=False)
    key = make_key(documents.sessions, "visitor", list(Right), days=1)
    chosen = schema.exclude(path_regex="/v1/(compare|detect|classify|search|signers)")

    failures: list[Exception] = []

    class Visit(chosen.as_state_machine()):  # type: ignore[misc]
        def call(self, case, **kwargs):
            try:
                return super().call(case, **kwargs)
            except Exception as error:  # a fault of ours, which no repetition may hide
                failures.append(error)
                raise

        def get_call_kwargs(self, case):
            return {"headers": {"Authorization": f"Bearer {key}"}}

        def validate_response(self, response, case, additional_checks=None, **kwargs):
            # What no schema says is refused, too: bytes that are no document, names that lead nowhere.
            left_out = [ignored_auth, positive_data_acceptance]
            try:
                case.validate_response(response, excluded_checks=left_out, transport_kwargs=kwargs or None)
            except BaseExceptionGroup as error:
                failures.extend(error.exceptions)
                raise

    # What a visit leaves behind is there in the next one, so none can be repeated, or made shorter.
    kept = settings(
        max_examples=VISITS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with suppress(FlakyStrategyDefinition):
        Visit.run(settings=kept)

    assert failures == []


def test_the_examples_of_reading_routes_are_answered(world: World) -> None:
    image = b"a reference"
    world.encoder = PartEncoder()
    world.renderer.documents[image] = [page(7, marks=1)]
    world.enroll("Ann", "a.png", image)
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",)))
    add_webhook(world.sessions, LOCAL, "https://example.org/")
    app = make_web_app(WebDeps(world.sessions, world.store, logins=False))
    with TestClient(guarded_app(app, Bounds()), BASE, raise_server_exceptions=False) as http:
        answers = {
            path: http.get(path.format_map(examples(operations_at["get"]))).status_code
            for path, operations_at in json.loads(written_api())["paths"].items()
            if "get" in operations_at
        }

    assert len(answers) > 15
    assert {path: code for path, code in answers.items() if code != 200} == {}


def examples(operation: dict[str, Any]) -> dict[str, object]:
    """The examples of an operation's path, by their names."""
    inside = (each for each in operation.get("parameters", ()) if each["in"] == "path")
    return {parameter["name"]: parameter["schema"]["examples"][0] for parameter in inside}


def test_the_examples_of_bodies_are_taken(documents: World, tmp_path: Path) -> None:
    intake = FolderIntake(tmp_path, documents.sessions, lambda _: None)
    app = make_web_app(WebDeps(documents.sessions, documents.store, intake, logins=False))
    described = json.loads(written_api())
    taken = {}
    with TestClient(guarded_app(app, Bounds()), BASE, raise_server_exceptions=False) as http:
        for path, operations_at in described["paths"].items():
            content = operations_at.get("post", {}).get("requestBody", {}).get("content", {})
            if "application/json" not in content:
                continue
            model = described["components"]["schemas"][
                content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            ]
            for body in model["examples"]:
                answer = http.post(path.format_map(examples(operations_at["post"])), json=body)
                # What is not there, not held or not to be had on a folder is no fault of the body.
                taken[path] = (answer.status_code, answer.json().get("errors"))

    assert len(taken) == 6
    assert {path: wrong for path, (_, wrong) in taken.items() if wrong} == {}
    assert taken["/v1/webhooks"][0] == 201
    assert taken["/v1/documents/batch"][0] == 200
    assert taken["/v1/webhooks/{webhook_id}/replay"][0] == 200
    assert {code for code, _ in taken.values()} <= {200, 201, 404, 409, 422}
