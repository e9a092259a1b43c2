"""Which extra brings a library that the core goes without."""

from __future__ import annotations

#: The extra, by the name under which its library is imported.
EXTRAS = {
    **dict.fromkeys(
        ("celery", "kombu", "redis", "prometheus_client", "psycopg2", "boto3", "botocore", "pyarrow"), "queue"
    ),
    **dict.fromkeys(("authlib", "joserfc", "requests"), "web"),
    "opentelemetry": "traces",
    **dict.fromkeys(("torch", "torchvision", "ultralytics", "safetensors"), "gpu"),
}
