"""Writes the manifests for Kubernetes: `python -m deploy.kubernetes`. They follow the table of stages.

`kubectl apply -k deploy/kubernetes/cpu` or `gpu` takes a set; `keda` adds workers by the backlog of stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from db.states import ChunkStage, DocumentStage
from worker.pipeline import PIPELINE, QUEUES, Queue

FOLDER = Path(__file__).parent / "kubernetes"
#: What a company brings along, as config maps that are mounted where they are there.
_FORMS = ("rules", "templates")
#: A manifest, or a part of one.
Part = Mapping[str, object]

_HEAD = "# Written by `python -m deploy.kubernetes`; change that instead.\n"
_NAME = "countersign"
_IMAGES = {"cpu": f"{_NAME}-cpu", "gpu": f"{_NAME}-gpu"}
#: Names of the secrets: what each role may read from its environment. docs/operations.md says what they hold.
_PRODUCER, _WORKER, _WEB, _DELIVERER, _DESK = (
    f"{_NAME}-{role}" for role in ("producer", "worker", "web", "deliverer", "desk")
)
#: Longer than COUNTERSIGN_STOP_SECONDS, after which a worker hands its rows back, and its last words.
_GRACE_SECONDS = 60
#: An emptyDir that only its pod sees, and every address of that pod.
_SCRATCH, _ANY = "/tmp", "0.0.0.0"  # nosec B104 B108
_PULSE = f"{_SCRATCH}/pulse"
_INTAKE = "s3://$(COUNTERSIGN_INTAKE_BUCKET)/"
#: Processor and memory that a stage asks for, with the tasks that it runs at once in them.
_SIZES = {
    DocumentStage.RENDER: ("2", "4Gi", 2),
    ChunkStage.DETECT: ("2", "3Gi", 2),
    ChunkStage.VERIFY: ("1", "2Gi", 2),
    ChunkStage.SLOTS: ("500m", "1Gi", 2),
    DocumentStage.FINISH: ("250m", "1Gi", 2),
}
_SMALL = ("250m", "512Mi")
#: Threads of a detect worker with a GPU: they wait together for one batch.
_GPU_THREADS = 32
#: Rows for which one more pod is started, a place at once in each.
_ROWS_A_POD = 50


def manifests() -> dict[str, str]:
    """The files, by their paths beneath the folder."""
    detect = PIPELINE[ChunkStage.DETECT]
    queues = [queue for queue in QUEUES if queue.name != detect.name]
    common = [
        _config(),
        *_network(),
        *(part for queue in queues for part in _workers(queue)),
        *_services(),
        *_jobs(),
    ]
    return {
        "common/countersign.yaml": _yaml(common),
        "common/kustomization.yaml": _kustomization(["countersign.yaml"]),
        "cpu/detect.yaml": _yaml(_workers(detect)),
        "cpu/kustomization.yaml": _kustomization(["../common", "detect.yaml"]),
        "gpu/detect.yaml": _yaml(_workers(detect, gpu=True)),
        "gpu/kustomization.yaml": _kustomization(["../common", "detect.yaml"]),
        "keda/scaling.yaml": _yaml([_keda_login(), *map(_scaled, BACKLOG)]),
        "keda/kustomization.yaml": _kustomization(["scaling.yaml"]),
    }


#: What waits for a stage and what is at work there; docs/operations.md shows the same queries.
BACKLOG = {
    DocumentStage.RENDER: "SELECT count(*) FROM documents WHERE stage = 'render'",
    **{
        stage.name: (
            "SELECT count(*) FROM chunks JOIN documents ON documents.id = chunks.document_id\n"
            f"WHERE chunks.stage = '{stage.name.value}' AND documents.stage <> 'closed'"  # nosec B608
        )
        for stage in PIPELINE.chunk_stages
    },
    DocumentStage.FINISH: (
        "SELECT count(*) FROM documents WHERE stage = 'finish'\n"
        "AND NOT EXISTS (\n"
        "  SELECT 1 FROM chunks WHERE chunks.document_id = documents.id AND chunks.stage <> 'closed'\n"
        ")"
    ),
}


class _Plain(yaml.SafeDumper):
    """Writes what is the same twice, twice."""

    def ignore_aliases(self, data: object) -> bool:
        """Nothing is an alias."""
        return True


def _yaml(parts: Iterable[Part]) -> str:
    return _HEAD + yaml.dump_all(parts, Dumper=_Plain, sort_keys=False, width=110)


def _kustomization(resources: Sequence[str]) -> str:
    """A set of files, with the images that they name: where yours lie, and their tag, is said there."""
    images = [{"name": image, "newName": image, "newTag": "0.1.0"} for image in _IMAGES.values()]
    return _yaml(
        [
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": list(resources),
                "images": images,
            }
        ]
    )


def _meta(name: str) -> dict[str, object]:
    return {"name": name, "labels": _labels(name)}


def _labels(name: str) -> dict[str, object]:
    return {"app.kubernetes.io/part-of": _NAME, "app.kubernetes.io/name": name}


def _config() -> Part:
    """Settings without secrets; every setting of deploy/settings.md may stand here."""
    data = {
        "COUNTERSIGN_INTAKE_BUCKET": "countersign-intake",
        "COUNTERSIGN_RESULTS_BUCKET": "countersign-results",
        "COUNTERSIGN_S3_REGION": "us-east-1",
        "COUNTERSIGN_DETECTOR": "detector",
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(_NAME), "data": data}


def _network() -> list[Part]:
    """Nothing comes in but to the pages and the metrics; what goes out reaches the three servers alone."""
    servers = [{"port": port, "protocol": "TCP"} for port in (5432, 6379, 443, 9000)]
    names = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    every: dict[str, object] = {"matchLabels": {"app.kubernetes.io/part-of": _NAME}}
    closed = _policy(
        _NAME,
        every,
        {"policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": [{"ports": [*servers, *names]}]},
    )
    doors = [
        _policy(
            f"{name}-in",
            {"matchLabels": _labels(name)},
            {"policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": port, "protocol": "TCP"}]}]},
        )
        for name, port in (("web", 8020), ("metrics", 9464), ("flower", 5555))
    ]
    return [closed, *doors]


def _policy(name: str, pods: Part, rules: Part) -> Part:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _meta(name),
        "spec": {"podSelector": pods, **rules},
    }


def _workers(queue: Queue, *, gpu: bool = False) -> list[Part]:
    """The workers of a queue, and how many of them a drained node may take away at once."""
    cpu, memory, places = _SIZES.get(queue.name, (*_SMALL, queue.concurrency or 1))  # type: ignore[call-overload]
    command = [
        *("celery", "--quiet", "-A", "worker.app", "worker", "-Q", str(queue.name), "-n", f"{queue.name}@%h"),
        *("--pool", queue.pool, "-c", str(_GPU_THREADS if gpu else places), "-E"),
    ]
    container = _container(command, _WORKER, (cpu, memory), image="gpu" if gpu else "cpu")
    container["env"] = [
        {"name": "COUNTERSIGN_PULSE", "value": _PULSE},
        {"name": "COUNTERSIGN_DETECT_DEVICE", "value": "cuda" if gpu else "cpu"},
    ]
    container["livenessProbe"] = {
        "exec": {"command": ["sh", "-c", f"find {_PULSE} -mmin -3 | grep -q ."]},
        "initialDelaySeconds": 60,
        "periodSeconds": 60,
        "timeoutSeconds": 30,
    }
    if gpu:
        container["resources"] = {
            "requests": {"cpu": cpu, "memory": "8Gi"},
            "limits": {"memory": "8Gi", "nvidia.com/gpu": "1"},
        }
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _meta(str(queue.name)),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _labels(str(queue.name))}},
    }
    return [_deployment(str(queue.name), container), budget]


def _services() -> list[Part]:
    """What runs beside the workers, once each."""
    web = ["countersign", "serve", "--host", _ANY, "--port", "8020"]
    metrics = ["countersign", "metrics", "--host", _ANY, "--port", "9464"]
    beat = ["celery", "--quiet", "-A", "worker.app", "beat", "--schedule", f"{_SCRATCH}/beat", "--pidfile="]
    flower = ["celery", "--quiet", "-A", "worker.app", "flower", f"--address={_ANY}", "--port=5555"]
    watch = _container(["countersign", "watch", _INTAKE, "--pulse", _PULSE], _PRODUCER, _SMALL)
    watch["livenessProbe"] = {
        "exec": {"command": ["sh", "-c", f"find {_PULSE} -mmin -15 | grep -q ."]},
        "initialDelaySeconds": 300,
        "periodSeconds": 60,
    }
    deliver = _container(["countersign", "deliver", "--pulse", _PULSE], _DELIVERER, _SMALL)
    deliver["livenessProbe"] = watch["livenessProbe"]
    return [
        _deployment("watch", watch, alone=True),
        _deployment("deliver", deliver),
        _deployment("beat", _container(beat, _WORKER, _SMALL), alone=True),
        *_page("web", _container(web, _WEB, ("500m", "1Gi")), 8020, "/v1/health"),
        *_page("metrics", _container(metrics, _WEB, _SMALL), 9464, "/metrics"),
        *_page("flower", _container(flower, f"{_NAME}-flower", _SMALL), 5555, "/healthcheck"),
    ]


def _page(name: str, container: dict[str, object], port: int, path: str) -> list[Part]:
    """What is asked over HTTP, and the name by which it is asked."""
    probe = {"httpGet": {"path": path, "port": port}, "periodSeconds": 30, "timeoutSeconds": 20}
    container |= {
        "ports": [{"containerPort": port}],
        "readinessProbe": probe,
        "livenessProbe": {**probe, "initialDelaySeconds": 60, "failureThreshold": 5},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(name),
        "spec": {"selector": _labels(name), "ports": [{"port": port, "targetPort": port}]},
    }
    return [_deployment(name, container), service]


def _jobs() -> list[Part]:
    """The newest schema before anything else, and what is done once a day."""
    migrate = _container(["countersign", "migrate", "--roles"], _DESK, _SMALL)
    audit = _container(["countersign", "audit", _INTAKE], _PRODUCER, _SMALL)
    retain = _container(["countersign", "retain"], _DESK, _SMALL)
    return [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": _meta("migrate"),
            "spec": {"backoffLimit": 10, "template": _pod("migrate", migrate, restart="OnFailure")},
        },
        _daily("audit", audit, "17 3 * * *"),
        # Suspended until somebody says how long documents are kept: COUNTERSIGN_RETAIN_DAYS.
        _daily("retain", retain, "17 4 * * *", suspended=True),
    ]


def _daily(name: str, container: dict[str, object], schedule: str, *, suspended: bool = False) -> Part:
    job = {"spec": {"backoffLimit": 2, "template": _pod(name, container, restart="OnFailure")}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _meta(name),
        "spec": {
            "schedule": schedule,
            "suspend": suspended,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": job,
        },
    }


def _deployment(name: str, container: dict[str, object], *, alone: bool = False) -> Part:
    """One pod; `alone` never lets a second one run beside it."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(name),
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate" if alone else "RollingUpdate"},
            "selector": {"matchLabels": _labels(name)},
            "template": _pod(name, container),
        },
    }


def _pod(name: str, container: dict[str, object], *, restart: str = "Always") -> Part:
    return {
        "metadata": {"labels": _labels(name)},
        "spec": {
            "automountServiceAccountToken": False,
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": _GRACE_SECONDS,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "fsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{"name": name, **container}],
            "volumes": [
                {"name": "scratch", "emptyDir": {"sizeLimit": "2Gi"}},
                # Rule files and templates, where there are any: docs/completeness.md.
                *(
                    {"name": kind, "configMap": {"name": f"{_NAME}-{kind}", "optional": True}}
                    for kind in _FORMS
                ),
            ],
        },
    }


def _container(
    command: Sequence[str], secret: str, size: tuple[str, str], *, image: str = "cpu"
) -> dict[str, object]:
    cpu, memory = size
    return {
        "image": _IMAGES[image],
        "args": list(command),
        "envFrom": [{"configMapRef": {"name": _NAME}}, {"secretRef": {"name": secret}}],
        # No limit on processors: what a neighbour leaves free may be used.
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "scratch", "mountPath": _SCRATCH},
            *({"name": kind, "mountPath": f"/{kind}", "readOnly": True} for kind in _FORMS),
        ],
    }


def _keda_login() -> Part:
    """Where KEDA finds the address of the database: the role countersign_reader's."""
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "TriggerAuthentication",
        "metadata": _meta("backlog"),
        "spec": {
            "secretTargetRef": [{"parameter": "connection", "name": f"{_NAME}-keda", "key": "connection"}]
        },
    }


def _scaled(stage: DocumentStage | ChunkStage) -> Part:
    """Workers of a stage, by its backlog. Slow to take away: each pod that goes hands its rows back first."""
    calm = {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}}
    trigger = {
        "type": "postgresql",
        "metadata": {"query": BACKLOG[stage], "targetQueryValue": str(_ROWS_A_POD)},
        "authenticationRef": {"name": "backlog"},
    }
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": _meta(stage.value),
        "spec": {
            "scaleTargetRef": {"name": stage.value},
            "minReplicaCount": 1,
            "maxReplicaCount": 20,
            "advanced": {"horizontalPodAutoscalerConfig": calm},
            "triggers": [trigger],
        },
    }


def main() -> None:
    """Write all files."""
    for path, text in manifests().items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
