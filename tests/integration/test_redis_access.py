"""Redis as it is deployed: users with few rights, and TLS with a certificate that is checked."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.exceptions import NoPermissionError, ResponseError

from db.states import DocumentStage
from deploy.redis_server import redis_answers
from deploy.servers import redis_program
from producer.machine import crew
from producer.machine.ports import free_port
from producer.machine.processes import child_environment, start_process, stopped_at_exit, wait_until
from producer.sources.notifications import RedisNotifications, redis_notifications
from tests.acceptance.commands import countersign
from tests.waiting import until
from worker.app import make_app
from worker.pipeline import QueueMessage
from worker.publisher import CeleryPublisher
from worker.settings import Attempts, Broker

ROOT = Path(__file__).resolve().parents[2]
SERVICE, NOTICES = "service-password", "notices-password"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a Redis that was started by the script of the compose file."""
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    (folder / "redis-server").symlink_to(redis_program())
    env = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "REDIS_USERS_FILE": str(folder / "users.acl"),
        "REDIS_PASSWORD": SERVICE,
        "REDIS_NOTICE_PASSWORD": NOTICES,
    }
    command = ["sh", ROOT / "deploy" / "redis-start.sh", "--port", str(port), "--bind", "127.0.0.1"]
    process = start_process("redis", [*command, "--save", ""], log=folder / "redis.log", env=env, cwd=folder)
    with stopped_at_exit(process):
        wait_until(lambda: redis_answers(f"redis://:{NOTICES}@127.0.0.1:{port}/0"), process, within=20)
        assert (folder / "users.acl").stat().st_mode & 0o077 == 0
        assert SERVICE not in Path(f"/proc/{process.pid}/environ").read_text(), "a child would inherit it"
        yield f"127.0.0.1:{port}"


@pytest.fixture
def service(address: str) -> str:
    return f"redis://countersign:{SERVICE}@{address}/0"


@pytest.fixture
def notices(address: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"redis://:{NOTICES}@{address}/0") as client:
        yield client


@pytest.mark.parametrize(
    "command",
    ["FLUSHALL", "FLUSHDB", "CONFIG GET *", "KEYS *", "SHUTDOWN", "ACL LIST", "MONITOR", "DEBUG JMAP"],
)
def test_the_service_does_not_administer_the_server(service: str, command: str) -> None:
    # Some servers refuse DEBUG to everybody, before they look at who asks.
    refused = pytest.raises(ResponseError, match=r"no permissions|DEBUG command not allowed")
    with redis.Redis.from_url(service) as client, refused:
        client.execute_command(*command.split())


def test_the_store_leaves_notifications_and_the_watcher_takes_them(
    service: str, notices: redis.Redis
) -> None:
    notices.rpush("countersign:notices", b"news")
    notified = redis_notifications(service, "countersign:notices")
    assert isinstance(notified, RedisNotifications)

    notified.check()
    (message,) = notified.receive(most=5, wait=1)
    notified.acknowledge([message])

    assert message.body == b"news"


def test_the_store_can_neither_see_nor_change_the_queues(notices: redis.Redis) -> None:
    for words in (("LPUSH", "render", "x"), ("LRANGE", "render", 0, -1), ("PUBLISH", "/0.celeryev", "x")):
        with pytest.raises(NoPermissionError):
            notices.execute_command(*words)


def test_a_worker_serves_its_queue_with_the_rights_of_the_service(service: str, tmp_path: Path) -> None:
    """It answers a ping, and takes a message off its queue; nothing in its log speaks of a permission."""
    (tmp_path / "a.db").touch()
    env = {"COUNTERSIGN_BROKER_URL": service, "COUNTERSIGN_DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    command = crew.celery("worker", "-Q", "finish", "-n", "finish@%h", "-P", "solo", "-E")
    log = tmp_path / "worker.log"
    process = start_process("worker", command, log=log, env=child_environment(env), cwd=ROOT)
    with stopped_at_exit(process), make_app(Broker(broker_url=service), Attempts()) as app:
        wait_until(lambda: bool(app.control.ping(timeout=0.5)), process, within=60)
        publisher = CeleryPublisher(app)
        publisher.send(QueueMessage(stage=DocumentStage.FINISH, document_id=1))
        until(lambda: "documents.finish" in log.read_text() and publisher.depth("finish") == 0)

    assert "NoPermission" not in log.read_text()
    assert SERVICE not in log.read_text()


# -- TLS ---------------------------------------------------------------------------------------------------


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(form, pkcs8, serialization.NoEncryption()))
    return public, private


@contextmanager
def _tls_in_front_of(url: str, certificate: Path, key: Path) -> Iterator[int]:
    """A port that speaks TLS and hands everything to the server at `url`, as a TLS Redis or a proxy would."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    place, loop, ready = urlsplit(url), asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(place.hostname, place.port)
        await asyncio.gather(copy(reader, forth), copy(back, writer), return_exceptions=True)

    async def listen() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()

    def run() -> None:
        loop.create_task(listen())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(20)
    yield ports[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Path, Path], Path]:
    """The server's certificate and key, and the certificate of an authority that did not sign it."""
    folder = tmp_path_factory.mktemp("certificates")
    return _certificate(folder, "server"), _certificate(folder, "other")[0]


@pytest.fixture
def tls_port(redis_server: str, certificates) -> Iterator[int]:
    with _tls_in_front_of(redis_server, *certificates[0]) as port:
        yield port


def _tls_url(redis_url: str, port: int, authority: Path) -> str:
    place = urlsplit(redis_url)
    login = place.netloc.rpartition("@")[0]
    query = f"ssl_cert_reqs=required&ssl_ca_certs={authority}"
    return f"rediss://{login}@127.0.0.1:{port}{place.path}?{query}"


def test_messages_travel_over_tls(redis_url: str, tls_port: int, certificates) -> None:
    url = _tls_url(redis_url, tls_port, certificates[0][0])

    with make_app(Broker(broker_url=url), Attempts()) as app:
        CeleryPublisher(app).start(7)
        assert CeleryPublisher(app).depth("render") == 1
    with redis.Redis.from_url(redis_url) as plain:
        assert plain.llen("render") == 1


def test_a_server_with_another_s_certificate_gets_no_message(
    redis_url: str, tls_port: int, certificates
) -> None:
    url = _tls_url(redis_url, tls_port, certificates[1])

    with make_app(Broker(broker_url=url), Attempts()) as app:
        app.conf.broker_transport_options["max_retries"] = 0
        with pytest.raises(Exception, match=r"(?i)certificate verify failed"):
            app.send_task("documents.render", (7,), retry=False)
    with redis.Redis.from_url(redis_url) as plain:
        assert plain.llen("render") == 0


def test_the_doctor_reads_the_same_address(redis_url: str, tls_port: int, certificates) -> None:
    finished = countersign(
        "doctor",
        "--json",
        env={
            "COUNTERSIGN_BROKER_URL": _tls_url(redis_url, tls_port, certificates[0][0]),
            "COUNTERSIGN_DATABASE_URL": "sqlite://",
        },
    )

    (queues,) = [one for one in finished.objects if one["check"] == "queues"]
    assert queues["ok"] is True, queues
