"""Full queues hold the intake back, and watchers side by side take in each document once."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

from producer.services.submit import OBJECTS_TOGETHER, Counts
from producer.services.watch import watch_source
from producer.sources.notifications import redis_notifications
from tests.intake import OFTEN, PACE, but, keys, put, registered, turns, watching
from tests.notifications import minio
from tests.records import times
from tests.waiting import until


def test_two_watchers_register_everything_once(deps, queue, s3, mail, redis_url):
    """Each hears of every document, so both are after all of them."""
    lists = [f"events-of-{name}" for name in ("one", "two")]
    boxes = [redis_notifications(redis_url, name, poll=1.0) for name in lists]

    with watching(deps, boxes[:1]) as first, watching(deps, boxes[1:]) as second:
        for number in range(30):
            for told in put(s3, f"{number}.pdf"):
                for name in lists:
                    mail.client.rpush(name, minio(told))
        until(lambda: not any(mail.client.llen(f"{name}{end}") for name in lists for end in ("", ":taken")))
        counts = [first.end(), second.end()]

    # A document that neither heard of for the first time was in the listing at the start.
    assert all(one.new + one.known >= 30 for one in counts)
    assert sum(one.new for one in counts) == 30
    assert sorted(queue.sent) == [document.id for document in registered(deps.sessions)]


def test_the_slowest_stage_holds_the_intake_back(deps, queue, s3, caplog):
    caplog.set_level("INFO", logger="countersign")
    put(s3, "one.pdf")
    depths = {"detect": 10}

    slow = replace(but(deps, queue_ceiling=10, list_seconds=OFTEN), depth=lambda stage: depths.get(stage, 0))
    with watching(slow):
        until(lambda: times(caplog, "a queue is full, intake pauses", queue="detect"))
        waiting = len(queue.sent)
        depths["detect"] = 0
        until(lambda: len(queue.sent) == 1)

    assert waiting == 0


def test_a_full_queue_pauses_the_intake_until_there_is_room(deps, queue, s3, mail, caplog):
    caplog.set_level("INFO", logger="countersign")
    put(s3, *(f"{number}.pdf" for number in range(6)))
    queue.waiting = 8

    with watching(but(deps, queue_ceiling=10, list_seconds=OFTEN), [mail.box]) as watcher:
        until(lambda: len(queue.sent) == 2)
        queue.waiting = 10
        until(lambda: times(caplog, "a queue is full, intake pauses", queue="render"))
        taken = len(queue.sent)
        mail.tell(*(minio(told) for told in put(s3, "told.pdf")))
        turns(watcher, 5)
        still = len(queue.sent)
        queue.waiting = 0
        until(lambda: len(queue.sent) == 7)

    assert still == taken <= 6
    assert "intake goes on" in caplog.text
    assert len(keys(deps.sessions)) == 7


def test_the_batch_in_hand_is_finished_and_no_other_begun(deps, queue, s3):
    put(s3, *(f"{number}.pdf" for number in range(OBJECTS_TOGETHER + 10)))
    stop = Event()

    def send_and_stop(document_id):
        stop.set()
        queue.send(document_id)

    counts = watch_source(replace(deps, send=send_and_stop), stop=stop, pace=PACE)

    assert counts == Counts(new=OBJECTS_TOGETHER)
    assert len(queue.sent) == len(registered(deps.sessions)) == OBJECTS_TOGETHER
