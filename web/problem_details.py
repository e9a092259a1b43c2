"""An error as RFC 9457 has it, "Problem Details for HTTP APIs": what every refusal of this server says."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

#: The media type of a problem.
MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="Its place, such as `query.limit`.")
    problem: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="`urn:countersign:` and the code.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable reason code.")
    detail: str = Field(description="A sentence for a person.")
    errors: list[FieldProblem] = Field(default=[], description="Wrong fields of the request, where any are.")

    def json_object(self) -> dict[str, Any]:
        """The JSON object, without what says nothing."""
        return self.model_dump(exclude_defaults=True)


def make_problem(status: int, code: str, detail: str, fields: Sequence[FieldProblem] = ()) -> Problem:
    """The problem of that status and reason code."""
    return Problem(
        type=f"urn:countersign:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=list(fields),
    )


#: How routes say in the OpenAPI document that they may answer a problem.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, words in (("4XX", "The request cannot be served."), ("5XX", "A server is away."))
}
