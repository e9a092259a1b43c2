"""Writes the settings reference from the settings classes: `python -m deploy.settings_reference`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from worker import settings

TARGET = Path(__file__).parent / "settings.md"
_HEAD = """# Settings

Read from the environment when a process starts. A value that cannot be used stops the process with a line
that names the variable. A variable without a value is one that is not set. This page is written by
`python -m deploy.settings_reference`; a test holds it to the code.

Docker Compose hands the file `countersign.env`, beside `docker-compose.yml`, to every service. Addresses,
logins and bucket names stand in the compose file itself.
"""


def reference() -> str:
    """The whole page."""
    return _HEAD + "".join(line for group in settings.GROUPS for line in _section(group))


def _section(group: type[BaseSettings]) -> Iterator[str]:
    yield f"\n## {(group.__doc__ or '').strip().splitlines()[0].rstrip('.')}\n"
    yield "| variable | default | meaning |\n| --- | --- | --- |\n"
    for name, field in group.model_fields.items():
        yield f"| `COUNTERSIGN_{name.upper()}` | {_default(field)} | {_meaning(field)} |\n"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, list):
        value = json.dumps(value)
    return "" if value in (None, "", {}) else f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    limits = [
        f"{sign} {getattr(limit, name)}"
        for limit in field.metadata
        for name, sign in _SIGNS
        if hasattr(limit, name)
    ]
    return (field.description or "") + (f" ({', '.join(limits)})" if limits else "")


_SIGNS = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))

if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
