"""The compose file and the Dockerfiles keep the promises that no container engine is needed to check."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker.pipeline import QUEUES
from worker.settings import Database, Storage

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILES = sorted((ROOT / "deploy").glob("Dockerfile.*"))
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
#: They do one thing and end; all others run until they are stopped.
JOBS = {"buckets", "migrate", "desk"}
#: Variables that hold secrets, by what their names say.
SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|ROOT_USER|BASIC_AUTH|REDISCLI_AUTH|_URL$")
USE = re.compile(r"\$\{(?P<name>\w+)(?P<how>:?[?-])?(?P<rest>[^}]*)\}")


def each_service(names=SERVICES):
    return pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in sorted(names)])


def environment() -> dict[str, str]:
    lines = (ROOT / "deploy" / "env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def program(name: str) -> Path:
    return Path(sysconfig.get_path("scripts")) / name


def test_the_compose_file_follows_the_compose_specification():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_finds_nothing_in_the_dockerfiles(path):
    done = subprocess.run([program("hadolint"), path], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_are_pinned_and_run_as_nobody_in_particular(path):
    text = path.read_text()

    assert re.findall(r"^FROM (\S+)", text, re.M), "no base image"
    assert all(re.search(r":\d+\.\d+\.\d+-", base) for base in re.findall(r"^FROM (\S+)", text, re.M))
    assert re.findall(r"^USER (.*)", text, re.M) == ["10001:10001"]


def test_only_the_gpu_image_carries_torch():
    extras = {path.name: re.findall(r'install "\.\[(.*)\]"', path.read_text()) for path in DOCKERFILES}

    assert extras == {
        "Dockerfile.cpu": ["queue,web,traces,ocr"],
        "Dockerfile.gpu": ["queue,web,traces,gpu,ocr"],
    }


@each_service()
def test_every_service_has_limits(name):
    limits = SERVICES[name]["deploy"]["resources"]["limits"]

    assert {"cpus", "memory", "pids"} <= set(limits)


@each_service()
def test_no_service_asks_for_more_processors_than_a_small_host_has(name):
    """The engine refuses a container that may use more processors than there are; 0 is all of them."""
    limit = SERVICES[name]["deploy"]["resources"]["limits"]["cpus"]
    use = USE.fullmatch(limit)

    assert float(use["rest"] if use else limit) <= 1


@each_service({name for name, service in SERVICES.items() if "build" in service})
def test_every_setting_can_be_given_and_no_image_is_older_than_the_code(name):
    assert SERVICES[name]["env_file"] == [{"path": "countersign.env", "required": False}]
    assert SERVICES[name]["pull_policy"] == "build"


@each_service()
def test_every_service_comes_back_after_a_failure(name):
    jobs = {"desk": "no"} | dict.fromkeys(JOBS - {"desk"}, "on-failure:5")
    assert SERVICES[name]["restart"] == jobs.get(name, "unless-stopped")


@each_service(set(SERVICES) - JOBS)
def test_everything_that_stays_says_whether_it_is_well(name):
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@each_service()
def test_no_container_has_privileges_or_a_writable_root(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@each_service()
def test_every_image_is_pinned(name):
    tag = SERVICES[name]["image"].partition(":")[2]

    assert re.search(r"\d", tag)
    assert "latest" not in tag


@each_service({name for name, service in SERVICES.items() if "ports" in service})
def test_ports_are_published_on_loopback_only(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


@each_service()
def test_no_secret_stands_in_the_file_or_has_a_default(name):
    for variable, value in SERVICES[name].get("environment", {}).items():
        if not SECRET.search(variable):
            continue
        uses = [use for use in USE.finditer(value) if SECRET.search(use["name"])]
        assert uses or "@" not in value, f"{variable} holds a literal login"
        assert all(use["how"] == ":?" for use in uses), f"{variable} has a default"
        if re.search(r"PASSWORD|SECRET|AUTH", variable):
            assert not USE.sub("", value).strip(":"), f"{variable} has a literal part"


def test_every_variable_is_explained_and_every_secret_left_empty():
    known = environment()

    for use in USE.finditer(COMPOSE.read_text()):
        assert use["name"] in known, f"{use['name']} is not in env.example"
        expected = "" if use["how"] == ":?" else use["rest"]
        assert known[use["name"]] == expected


def test_the_example_names_no_variable_that_nothing_reads():
    used = {use["name"] for use in USE.finditer(COMPOSE.read_text())}

    assert set(environment()) - used == {"COMPOSE_PROFILES"}


def test_every_queue_has_a_service_with_its_pool_and_no_service_serves_another():
    served = {}
    for name, service in SERVICES.items():
        command = service.get("command", [])
        if "-Q" in command:
            queue = command[command.index("-Q") + 1]
            assert name in (queue, f"{queue}-cpu", f"{queue}-gpu")
            assert command[command.index("-n") + 1] == f"{queue}@%h"
            served[queue] = command[command.index("--pool") + 1]

    assert served == {queue.name: queue.pool for queue in QUEUES}


def test_the_detector_is_chosen_by_profile():
    assert SERVICES["detect-cpu"]["profiles"] == ["cpu"]
    assert SERVICES["detect-gpu"]["profiles"] == ["gpu"]
    devices = SERVICES["detect-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]


def test_flower_asks_who_is_there_and_changes_nothing():
    flower = SERVICES["flower"]["environment"]

    assert flower["FLOWER_BASIC_AUTH"].count(":?") == 2
    assert flower["FLOWER_READ_ONLY"] == "true"


def test_what_minio_tells_redis_is_what_the_watcher_reads():
    told = SERVICES["minio"]["environment"]["MINIO_NOTIFY_REDIS_KEY_INTAKE"]

    assert SERVICES["watch"]["environment"]["COUNTERSIGN_NOTICE_KEY"] == told


def test_nothing_starts_before_what_it_stands_on():
    for name in ("render", "detect-cpu", "detect-gpu", "verify", "finish", "upkeep", "watch"):
        needs = SERVICES[name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
        assert needs["redis"] == {"condition": "service_healthy"}


@each_service({"postgres", "minio", "buckets"})
def test_servers_of_your_own_take_the_place_of_ours_by_settings_alone(name):
    """Without its profile nothing waits for it, and no address of it is written anywhere."""
    assert SERVICES[name]["profiles"] == ["minio" if name == "buckets" else name]
    others = [
        service for service in SERVICES.values() if service.get("profiles") != SERVICES[name]["profiles"]
    ]
    needs = [service["depends_on"] for service in others if name in service.get("depends_on", {})]
    assert [need for need in needs if need[name].get("required") is not False] == []
    assert name in environment()["COMPOSE_PROFILES"].split(",") or name == "buckets"
    for service in SERVICES.values():
        for value in service.get("environment", {}).values():
            assert not re.search(r"[@/](postgres|minio):", USE.sub("", str(value))), value


@pytest.mark.parametrize(
    ("settings", "endpoint", "database"),
    [
        pytest.param({}, "http://minio:9000", "countersign@postgres:5432/countersign", id="ours"),
        pytest.param(
            {
                "S3_ENDPOINT": "",
                "POSTGRES_HOST": "db.example",
                "POSTGRES_OPTIONS": "?sslmode=verify-full",
            },
            "",
            "countersign@db.example:5432/countersign?sslmode=verify-full",
            id="AWS and a database elsewhere",
        ),
    ],
)
def test_addresses_are_those_of_the_settings_and_can_be_read(settings, endpoint, database, monkeypatch):
    """As compose puts them together: they are then settings of ours."""
    made = {**environment(), **settings, "POSTGRES_WORKER_PASSWORD": "secret"}
    worker = {name: filled(value, made) for name, value in SERVICES["verify"]["environment"].items()}
    for name, value in worker.items():
        monkeypatch.setenv(name, value)

    assert (Storage().s3_endpoint or "") == endpoint
    assert Database().database_url.get_secret_value() == (
        f"postgresql+psycopg2://countersign_worker:secret@{database.partition('@')[2]}"
    )


def filled(value: str, settings: dict[str, str]) -> str:
    """The value with its variables put in, as compose does."""

    def put(use: re.Match[str]) -> str:
        given = settings.get(use["name"])
        empty_counts = use["how"] == "-"
        return use["rest"] if given is None or (not given and not empty_counts) else given

    return USE.sub(put, value)


@each_service({"audit", "retain"})
def test_what_is_due_once_a_day_is_a_service(name):
    command = SERVICES[name]["command"]

    assert command[:2] == ["sh", "/init/every.sh"]
    assert command[3:5] == ["countersign", name]
    assert filled(command[2], environment()) == "86400"
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "sh", "/init/every.sh", "--check", command[2]]


def test_the_database_is_well_when_that_of_the_settings_answers():
    (_, asked) = SERVICES["postgres"]["healthcheck"]["test"]

    assert set(re.findall(r"\$\$(\w+)", asked)) == {"POSTGRES_USER", "POSTGRES_DB"}
    assert "countersign" not in asked


def test_documents_are_kept_forever_unless_somebody_asks_for_less():
    assert SERVICES["retain"]["profiles"] == ["retain"]
    assert "retain" not in environment()["COMPOSE_PROFILES"].split(",")


@each_service({"render", "slots", "finish", "desk"})
def test_rules_and_templates_of_the_host_are_seen_but_not_changed(name):
    mounts = [volume.rsplit(":", 2) for volume in SERVICES[name]["volumes"]]

    assert [target for _, *target in mounts] == [["/rules", "ro"], ["/templates", "ro"]]
    assert all(USE.fullmatch(source)["name"] in environment() for source, *_ in mounts)
