"""Writes docs/openapi.json from the routes: `python -m deploy.api_reference`.

A test holds the file to the code, so every change of the API is seen in review. It may only add.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from db.engine import Sessions
from web.app import make_web_app
from web.deps import WebDeps
from worker.storage.port import Store

API_PAGE = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def written_api() -> str:
    """The OpenAPI document as the file holds it. No route is called, so there is nothing behind them."""
    nothing = cast(Sessions, None), cast(Store, None)
    document = make_web_app(WebDeps(*nothing)).openapi()
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    API_PAGE.write_text(written_api(), encoding="utf-8")
