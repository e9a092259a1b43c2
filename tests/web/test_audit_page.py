"""The overview compares the intake with the database, and links to Flower."""

from __future__ import annotations

from fastapi.testclient import TestClient

from db import documents
from db.documents import Object
from producer.services.deps import IntakeDeps
from producer.services.receive import BucketIntake
from producer.sources.s3 import S3Source
from tests.conftest import Bucket
from tests.intake import Queue
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.settings import Intake


def client_of(deps: WebDeps) -> TestClient:
    return TestClient(guarded_app(make_web_app(deps), Bounds()), BASE, raise_server_exceptions=False)


def test_the_intake_is_compared_with_the_database(world: World, s3: Bucket) -> None:
    queue = Queue()
    source = S3Source(s3.client, s3.name)
    intake = BucketIntake(IntakeDeps(world.sessions, source, queue.send, queue.depth, Intake()))
    s3.client.put_object(Bucket=s3.name, Key="<b>never.pdf", Body=b"%PDF-1.4")
    with world.sessions() as session:
        documents.register(session, Object(s3.name, "gone.pdf", "v"), {})
    http = client_of(WebDeps(world.sessions, world.store, intake, logins=False))
    page = http.get("/overview").text
    token = page.partition('name="token" value="')[2].partition('"')[0]

    answer = http.post("/overview/audit", data={"token": token})
    stranger = http.post("/overview/audit", data={"token": "another"})

    assert "holds 1 versions: 1 unknown" in answer.text
    assert "Of rows without an object: 1 waiting" in answer.text
    assert "&lt;b&gt;never.pdf" in answer.text
    assert 'pill bad">incomplete' in answer.text
    assert stranger.status_code == 403


def test_a_results_folder_has_no_intake_and_no_queues(client: TestClient) -> None:
    page = client.get("/overview").text
    token = client.get("/review/keys").text.partition('name="token" value="')[2].partition('"')[0]
    answer = client.post("/overview/audit", data={"token": token})

    assert "Audit" not in page
    assert "Flower" not in page
    assert (answer.status_code, "wrong_use" in answer.text) == (422, True)


def test_the_overview_links_to_flower_where_the_settings_name_it(world: World) -> None:
    http = client_of(WebDeps(world.sessions, world.store, flower_url="https://flower.example", logins=False))

    assert '<a href="https://flower.example">Flower</a>' in http.get("/overview").text
