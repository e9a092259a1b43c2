"""What `countersign metrics` answers, what alerts make of it, and what the dashboard asks."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text, update

from db import events, heartbeats
from db.deliveries import write_deliveries
from db.engine import now
from db.models import Event, Webhook
from db.states import DocumentStage
from deploy.dashboard import DASHBOARD, dashboard_text
from deploy.settings import Machine
from producer.machine.crew import countersign
from producer.machine.ports import free_port, http_answers
from producer.machine.processes import child_environment, start_process, stopped_at_exit, wait_until
from producer.services.metrics import DatabaseMetrics, serving_metrics
from producer.services.status import rows_by_stage
from tests.fakes import page
from tests.faults.line import Line
from tests.world import World
from worker.errors import EmptyDocument
from worker.steps.render import render_document

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "deploy" / "monitoring" / "alerts.yml"
OPERATIONS = ROOT / "docs" / "operations.md"
RULES = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
NAMES = [rule["alert"] for rule in RULES]


def scrape(url: str) -> dict[tuple[str, str], float]:
    """The samples of a scrape, by name and the values of their labels."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        (sample.name, " ".join(sorted(sample.labels.values()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def filled(world: World) -> World:
    """A finished document, one in quarantine, and one whose two chunks wait to be looked at."""
    world.through(world.arrive("done.pdf", [page(0, marks=1)]))
    world.through(world.arrive("empty.pdf", EmptyDocument("no bytes")))
    render_document(world.arrive("waits.pdf", [page(0), page(1), page(2)]), world.render_deps)
    return world


def test_a_scrape_has_the_numbers_of_the_database(filled: World) -> None:
    with filled.sessions() as session:
        heartbeats.beat(session, "render@host", silence=timedelta(seconds=40))

        moment = now(session)
        hook = Webhook(url="https://a.example", events=[], holder="local", who="ann", own_only=False)
        hook.created_at, hook.place = moment, 0
        session.add(hook)
        session.flush()
        assert write_deliveries(session, hook.id, limit=10) == 2

    with serving_metrics(filled.sessions, "127.0.0.1", 0) as port:
        samples = scrape(f"http://127.0.0.1:{port}/metrics")

    assert samples["countersign_up", ""] == 1
    assert samples["countersign_webhook_outbox", "1"] == 2
    assert samples["countersign_documents", "done"] == 1
    assert samples["countersign_failed_documents", "empty_document"] == 1
    assert samples["countersign_stage_waiting", "detect"] == 2
    assert samples["countersign_stage_at_work", "detect"] == 0
    assert samples["countersign_changes_total", ""] == 2
    assert samples["countersign_oldest_waiting_seconds", ""] > 0
    assert 0 <= samples["countersign_heartbeat_age_seconds", "render@host"] < 3600


def test_attempts_are_counted_once_and_from_the_first_scrape_on(filled: World) -> None:
    def ended() -> dict[str, float]:
        with serving_metrics(filled.sessions, "127.0.0.1", 0) as port:
            first = scrape(f"http://127.0.0.1:{port}/metrics")
            assert not any(name.startswith("countersign_attempt_seconds_c") for name, _ in first)
            with filled.sessions() as session:
                for seconds in (0.2, 2.0, None):
                    events.record(session, 1, DocumentStage.RENDER, "failed", seconds=seconds)
                session.flush()
                session.execute(update(Event).values(at=now(session) - timedelta(minutes=1)))
                events.record(session, 1, DocumentStage.RENDER, "failed", seconds=7.0)
            scrape(f"http://127.0.0.1:{port}/metrics")
            samples = scrape(f"http://127.0.0.1:{port}/metrics")
        return {name: value for (name, labels), value in samples.items() if labels == "failed render"}

    samples = ended()

    assert samples["countersign_attempt_seconds_count"] == 2
    assert samples["countersign_attempt_seconds_sum"] == pytest.approx(2.2)


def test_while_the_database_is_away_a_scrape_says_so_and_no_more(
    far_world: World, line_to_postgres: Line
) -> None:
    metrics = DatabaseMetrics(far_world.sessions)
    line_to_postgres.refuse()

    away = [(family.name, family.samples[0].value) for family in metrics.collect()]
    line_to_postgres.admit()
    back = next(iter(metrics.collect()))

    assert away == [("countersign_up", 0.0)]
    assert back.samples[0].value == 1.0


def test_the_command_answers_until_it_is_stopped_and_names_a_port_that_is_taken(
    filled: World, tmp_path: Path
) -> None:
    port = free_port()
    url = filled.engine.url.render_as_string(hide_password=False)
    env = child_environment({"COUNTERSIGN_DATABASE_URL": url, "PYTHONPATH": str(ROOT)})
    command = countersign("metrics", "--port", str(port))
    process = start_process("metrics", command, log=tmp_path / "log", env=env)
    with stopped_at_exit(process):
        wait_until(lambda: http_answers(f"http://127.0.0.1:{port}/metrics"), process, within=90)
        second = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        process.terminate(signal.SIGTERM)
        status = process.popen.wait(90)

    assert second.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr
    assert status == 0


def test_the_backlog_counts_what_the_documented_queries_count(filled: World) -> None:
    """Autoscalers that ask the database themselves get the same numbers."""
    queries = re.findall(r"```sql\n-- (\w+)\n(.*?)```", OPERATIONS.read_text("utf-8"), re.DOTALL)

    with filled.sessions() as session:
        asked = {stage: session.execute(text(query)).scalar_one() for stage, query in queries}

    assert asked == {stage.stage: stage.waiting + stage.at_work for stage in rows_by_stage(filled.sessions)}
    assert asked["detect"] == 2


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it; without it a skip that says how to get it, a failure under CI."""
    program = shutil.which("promtool")
    if program is None:
        reason = "needs promtool: apt-get install prometheus"
        if Machine().is_ci:
            pytest.fail(f"CI has every program: {reason}", pytrace=False)
        pytest.skip(reason)
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


#: Series under which an alert must fire, and under which it must stay silent; a sample a minute.
FIRES: dict[str, dict[str, str]] = {
    "CountersignMetricsAbsent": {},
    "CountersignDatabaseAway": {"countersign_up": "0x120"},
    "CountersignStageStands": {
        'countersign_stage_waiting{stage="detect"}': "3x120",
        'countersign_stage_at_work{stage="detect"}': "0x120",
        'countersign_stage_standing_seconds{stage="detect"}': "0+60x120",
    },
    "CountersignBacklogGrows": {"countersign_oldest_waiting_seconds": "0+60x120"},
    "CountersignAttemptsFail": {
        'countersign_attempt_seconds_count{stage="render",ended="closed"}': "0+8x120",
        'countersign_attempt_seconds_count{stage="render",ended="failed"}': "0+2x120",
    },
    "CountersignQuarantineGrows": {'countersign_failed_documents{reason="empty_document"}': "0+1x120"},
    "CountersignWebhookWaits": {'countersign_webhook_outbox{webhook="7"}': "101x120"},
    "CountersignReviewsWait": {'countersign_review_queue{why="forged"}': "2000x120"},
}
#: Labels of the series that an alert speaks of.
TOLD = {
    "CountersignStageStands": {"stage": "detect"},
    "CountersignAttemptsFail": {"stage": "render"},
    "CountersignWebhookWaits": {"webhook": "7"},
}
SILENT: dict[str, dict[str, str]] = {
    "CountersignMetricsAbsent": {"countersign_up": "0x120"},
    # Nobody is scraped: another alert speaks of that.
    "CountersignDatabaseAway": {},
    "CountersignStageStands": {
        'countersign_stage_waiting{stage="detect"}': "3x120",
        'countersign_stage_at_work{stage="detect"}': "2x120",
        'countersign_stage_standing_seconds{stage="detect"}': "0+60x120",
    },
    "CountersignBacklogGrows": {"countersign_oldest_waiting_seconds": "900x120"},
    # Nothing is at work: the histogram has no series yet.
    "CountersignAttemptsFail": {},
    "CountersignQuarantineGrows": {'countersign_failed_documents{reason="empty_document"}': "500x120"},
    "CountersignWebhookWaits": {'countersign_webhook_outbox{webhook="7"}': "0+101x10 0x110"},
    "CountersignReviewsWait": {},
}


@pytest.mark.parametrize("alert", NAMES)
@pytest.mark.parametrize("fires", [True, False], ids=["fires", "stays silent"])
def test_an_alert_fires_when_it_must_and_at_no_other_time(tmp_path: Path, alert: str, fires: bool) -> None:
    series = (FIRES if fires else SILENT)[alert]
    rule = next(rule for rule in RULES if rule["alert"] == alert)
    told = TOLD.get(alert, {})
    labels, notes = {**rule["labels"], **told}, dict(rule["annotations"])
    for label, value in told.items():
        notes["summary"] = notes["summary"].replace(f"{{{{ $labels.{label} }}}}", value)
    expected = [{"exp_labels": labels, "exp_annotations": notes}] if fires else []
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": "110m", "alertname": alert, "exp_alerts": expected}],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "tests": [test]}), "utf-8")

    done = promtool("test", "rules", file)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_has_its_section_in_the_runbook(alert: str) -> None:
    rule = next(rule for rule in RULES if rule["alert"] == alert)

    assert rule["annotations"]["runbook"] == f"docs/operations.md#{alert.lower()}"
    assert f"### {alert}\n" in OPERATIONS.read_text("utf-8")


def test_the_configuration_for_prometheus_is_valid() -> None:
    done = promtool("check", "config", ALERTS.parent / "prometheus.yml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_up_to_date_and_asks_for_what_there_is(filled: World, tmp_path: Path) -> None:
    assert DASHBOARD.read_text("utf-8") == dashboard_text()
    panels = json.loads(dashboard_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")

    done = promtool("check", "rules", file)
    families = DatabaseMetrics(filled.sessions).collect()
    known = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    asked = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for query in queries
        for name in re.findall(r"countersign_\w+", query)
    }

    assert done.returncode == 0, done.stdout + done.stderr
    assert asked <= known
