"""Templates to answers: everything from outside is escaped, times have their zone."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from web.auth import form_token
from web.words import KEY_WORDS, SIGNED, TONES
from worker.result.claims import claim_word


def moment(value: datetime | None) -> str:
    """A moment for people, in UTC and to the second; a dash for none."""
    return "–" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def age(value: datetime | None) -> str:
    """How long ago it was, in the largest unit that fits; a dash for none."""
    if value is None:
        return "–"
    seconds = max(0, int((datetime.now(UTC) - value).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def spoken(word: str) -> str:
    """A code as words."""
    return str(word).replace("_", " ")


_TEMPLATES = Environment(
    loader=PackageLoader("web.console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(moment=moment, age=age, spoken=spoken, answered=claim_word)
_TEMPLATES.globals.update(TONES=TONES, KEY_WORDS=KEY_WORDS, SIGNED=SIGNED)


def render_template(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page; `request` gives the nonce without which its script would not run."""
    page = _TEMPLATES.get_template(template).render(
        **values,
        path=request.url.path,
        nonce=getattr(request.state, "nonce", ""),
        caller=getattr(request.state, "caller", None),
        token=form_token(request, request.app.state.deps),
    )
    return HTMLResponse(page, status)
