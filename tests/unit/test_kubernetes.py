"""The manifests for Kubernetes keep the promises that no cluster is needed to check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.kubernetes import BACKLOG, FOLDER, manifests
from worker.pipeline import PIPELINE, QUEUES
from worker.settings import Attempts

ROOT = Path(__file__).resolve().parents[2]
FILES = manifests()
#: The kinds that Kubernetes itself has: all but kustomize's and KEDA's.
PARTS: list[dict[str, Any]] = [
    part
    for path, text in FILES.items()
    for part in yaml.safe_load_all(text)
    if "kustom" not in path and "keda" not in path
]
VERSIONS = ["1.31", "1.34"]


def title(part: Mapping[str, Any]) -> str:
    return f"{part['kind']} {part['metadata']['name']}"


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """The pods of all that runs, by what runs them."""
    for part in PARTS:
        spec = part.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield title(part), spec["template"]["spec"]


def test_the_files_are_as_they_are_written() -> None:
    written = {
        str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.yaml"))
    }

    assert written == FILES, "run `python -m deploy.kubernetes`"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("part", PARTS, ids=title)
def test_each_manifest_follows_the_schema(part: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(part, version, strict=True)


@pytest.mark.parametrize(("name", "pod"), [pytest.param(*pod, id=pod[0]) for pod in pods()])
def test_a_pod_has_no_rights_that_it_does_not_need(name: str, pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]

    assert pod["automountServiceAccountToken"] is False, name
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert pod["terminationGracePeriodSeconds"] > Attempts().stop_seconds + 10


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: str(queue.name))
def test_each_queue_has_workers_that_run_as_in_the_compose_file(queue: Any) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    composed = {"detect": ["detect-cpu", "detect-gpu"]}.get(queue.name, [str(queue.name)])
    expected = [services[name]["command"] for name in composed]

    commands = [pod["containers"][0]["args"] for name, pod in pods() if name == f"Deployment {queue.name}"]

    def without_number(command: list[str]) -> list[str]:
        place = command.index("-c") + 1
        return [*command[:place], *command[place + 1 :]]

    assert list(map(without_number, commands)) == list(map(without_number, expected))


def test_what_runs_in_containers_runs_here() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    servers = {"redis", "postgres", "minio", "buckets", "desk"}
    # A collector of traces is the installation's own, and its address is not known here.
    expected = {name.partition("-")[0] for name in set(services) - servers - {"traces"}}

    assert {name.partition(" ")[2] for name, _ in pods()} == expected


def test_secrets_are_named_and_never_written() -> None:
    text = "".join(FILES.values())

    assert not re.search(r"kind: Secret\n|://[^\s/]*:[^\s/]*@|PASSWORD|SECRET_KEY", text)
    named = {
        source["secretRef"]["name"]
        for _, pod in pods()
        for source in pod["containers"][0]["envFrom"]
        if "secretRef" in source
    }
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in named)


def test_scaling_asks_what_the_page_says() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    documented = dict(re.findall(r"```sql\n-- (\w+)\n(.*?)\n```", page, re.DOTALL))
    scaled = {
        part["metadata"]["name"]: part["spec"]["triggers"][0]["metadata"]["query"]
        for part in yaml.safe_load_all(FILES["keda/scaling.yaml"])
        if part["kind"] == "ScaledObject"
    }

    assert scaled == documented == {stage.value: query for stage, query in BACKLOG.items()}
    assert set(BACKLOG) == {stage.name for stage in PIPELINE}


def test_rules_and_templates_are_mounted_where_config_maps_hold_them() -> None:
    for name, pod in pods():
        maps = {volume["name"]: volume["configMap"] for volume in pod["volumes"] if "configMap" in volume}
        mounts = {
            mount["name"]: (mount["mountPath"], mount.get("readOnly"))
            for container in pod["containers"]
            for mount in container["volumeMounts"]
        }

        for kind in ("rules", "templates"):
            assert maps[kind] == {"name": f"countersign-{kind}", "optional": True}, name
            assert mounts[kind] == (f"/{kind}", True), name
