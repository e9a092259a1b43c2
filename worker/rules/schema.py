"""The schema of a rule file: which documents it is for, and what they need."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from worker.rules.expressions import check_expression
from worker.slots.values import SlotKind

Expression = Annotated[str, AfterValidator(check_expression)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w-]+$")]
_Sentence = Annotated[str, Field(min_length=1, max_length=300)]
_Text = Annotated[str, Field(min_length=1, max_length=300)]


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Applies(_Checked):
    """Which documents a rule file is for: those with one of the key prefixes, or copies of a template."""

    templates: tuple[Name, ...] = Field(
        default=(), max_length=50, description="Names of templates; a prefix of the key goes before them."
    )
    keys: tuple[_Text, ...] = Field(default=(), max_length=50, description="Prefixes of keys.")


class Need(_Checked):
    """One thing that a document needs: marks in slots, so many of several parties, or what CEL says."""

    kind: SlotKind = Field(default=SlotKind.SIGNATURE, description="What is asked for.")
    party: Name | None = Field(default=None, description="Whose mark; absent for anybody's.")
    least: int = Field(default=1, ge=1, le=100, description="How many at least.")
    of: tuple[Name, ...] = Field(
        default=(), max_length=50, description="Parties of which at least so many must have given their mark."
    )
    every_page: bool = Field(default=False, description="Whether every page needs so many.")
    dated: bool = Field(default=False, description="Whether each such mark needs a date beside it.")
    typed: bool = Field(default=False, description="Whether letters of a machine will do.")
    when: Expression | None = Field(default=None, description="CEL: asked for only where it is true.")
    check: Expression | None = Field(default=None, description="CEL that must be true, instead of marks.")
    says: _Sentence | None = Field(default=None, description="The sentence where it is not met.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.check is not None and (self.party or self.of or self.every_page or self.dated):
            raise ValueError("a check cannot ask for marks as well")
        if self.check is not None and self.says is None:
            raise ValueError("a check needs the sentence that it says")
        if self.of and (self.party or self.least > len(self.of)):
            raise ValueError("`of` names the parties: at least as many as are asked for")
        return self


class RuleFile(_Checked):
    """What one type of document needs."""

    countersign: Literal[1] = Field(description="Version of this schema.")
    type: Name = Field(description="The type of document.")
    version: int = Field(ge=1, le=1_000_000, description="Version of the rules; raise it with each change.")
    applies: Applies = Field(default_factory=Applies)
    needs: tuple[Need, ...] = Field(min_length=1, max_length=100)
