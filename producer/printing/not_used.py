"""What was given and is not used, or may not be meant, on stderr."""

from __future__ import annotations

from producer.console import err, plain
from producer.services.local_files import NotUsed


def tell_not_used(unused: NotUsed) -> None:
    """Its name and the reason, in a line."""
    what = "left out" if unused.is_litter else "not used"
    err.print(f"[yellow]{what}:[/] {plain(unused.name)}: {plain(unused.reason)}", soft_wrap=True)


def tell_note(sentence: str) -> None:
    """Something that may not be meant, and is no error."""
    err.print(f"[yellow]note:[/] {plain(sentence)}", soft_wrap=True)
