"""Writes the dashboard for Grafana: `python -m deploy.dashboard`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

DASHBOARD = Path(__file__).parent / "monitoring" / "dashboard.json"
#: Panels stand in two columns of Grafana's 24.
_WIDTH, _HEIGHT = 12, 8
_ATTEMPTS = "countersign_attempt_seconds"


class Panel(NamedTuple):
    """A graph: its title, its unit as Grafana calls it, and queries, each with its legend."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]


PANELS = (
    Panel("Documents by status", "short", (("countersign_documents", "{{status}}"),)),
    Panel("Changes per minute", "short", (("60 * rate(countersign_changes_total[5m])", "changes"),)),
    Panel("Waiting at each stage", "short", (("countersign_stage_waiting", "{{stage}}"),)),
    Panel("At work at each stage", "short", (("countersign_stage_at_work", "{{stage}}"),)),
    Panel("Longest wait for an answer", "s", (("countersign_oldest_waiting_seconds", "oldest"),)),
    Panel("Longest without an event", "s", (("countersign_stage_standing_seconds", "{{stage}}"),)),
    Panel(
        "Seconds of an attempt: median, and 95 of 100",
        "s",
        tuple(
            (
                f"histogram_quantile({share}, sum by (stage, le) (rate({_ATTEMPTS}_bucket[15m])))",
                f"{{{{stage}}}} {share}",
            )
            for share in (0.5, 0.95)
        ),
    ),
    Panel(
        "How attempts end, per minute",
        "short",
        ((f"60 * sum by (ended) (rate({_ATTEMPTS}_count[15m]))", "{{ended}}"),),
    ),
    Panel("In quarantine by reason", "short", (("countersign_failed_documents", "{{reason}}"),)),
    Panel("Verdicts that wait for a person", "short", (("countersign_review_queue", "{{why}}"),)),
    Panel("Since each worker's heartbeat", "s", (("countersign_heartbeat_age_seconds", "{{worker}}"),)),
    Panel("Messages that webhooks have not taken", "short", (("countersign_webhook_outbox", "{{webhook}}"),)),
    Panel("The database can be read", "short", (("countersign_up", "up"),)),
)


def dashboard_text() -> str:
    """The dashboard as Grafana imports it; it asks which Prometheus to read."""
    content = {
        "title": "Countersign",
        "uid": "countersign",
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }
    return json.dumps(content, indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, object]:
    row, column = divmod(number, 24 // _WIDTH)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend}
            for place, (query, legend) in enumerate(panel.queries)
        ],
    }


if __name__ == "__main__":
    DASHBOARD.write_text(dashboard_text(), "utf-8")
