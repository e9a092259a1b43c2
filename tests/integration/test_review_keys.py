"""The keys with which a person reviews are kept for that person alone, and the latest choice holds."""

from __future__ import annotations

from db import reviews
from tests.world import World


def test_the_latest_keys_of_each_person_are_kept(world: World) -> None:
    with world.sessions() as session:
        reviews.set_key_map(session, "anna", {"genuine": "g"})
        reviews.set_key_map(session, "ben", {"forged": "f"})
        reviews.set_key_map(session, "anna", {"genuine": "j", "forged": "k"})

    with world.sessions() as session:
        kept = {who: reviews.key_map(session, who) for who in ("anna", "ben", "nobody")}

    assert kept == {"anna": {"genuine": "j", "forged": "k"}, "ben": {"forged": "f"}, "nobody": {}}
