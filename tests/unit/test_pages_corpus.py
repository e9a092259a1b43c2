"""Bad documents at the decoders' entry, without a sandbox: pages that decode, or errors of ours."""

from __future__ import annotations

import pytest

from tests.corpus import KINDS, Kind
from tests.fuzz.oracle import SLOW, read

# Pillow warns of the damaged directories that some of the kinds are about.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=kind.id) for kind in KINDS if not kind.id.endswith(SLOW)]
)
def test_no_kind_raises_anything_but_errors_of_ours(kind: Kind) -> None:
    read(kind.build())
