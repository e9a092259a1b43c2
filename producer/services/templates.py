"""Blank forms of customers, kept as templates."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from producer.services.output import whole_file
from worker.errors import DocumentError, WrongUse
from worker.settings import Reading
from worker.slots.template_files import LARGEST_TEMPLATE, NAME, SUFFIX, TemplateFile

_NO_NAME = re.compile(r"[^\w-]+")


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """A template, and the file that it was written to."""

    path: Path
    file: TemplateFile

    @property
    def slots(self) -> int:
        """How many places the form asks for."""
        return sum(len(page.slots) for page in self.file.pages)


def learn_template(
    blank: Path, folder: Path, *, name: str | None = None, reading: Reading | None = None
) -> NewTemplate:
    """Write the template of a blank form into the folder, which is made where it is missing.

    It is called `name`, or as the file is, what is neither letter, digit, `-` nor `_` made one `-`. A
    template of that name is replaced. WrongUse names a form that cannot be read, or what is no name; OSError.
    """
    from worker.embedded.blank_form import BlankForms  # noqa: PLC0415 - loads the models

    called = name or _NO_NAME.sub("-", blank.stem).strip("-")
    if not re.fullmatch(NAME, called):
        raise WrongUse(f"{called!r} is no name of a template: letters, digits, - and _, 60 at most")
    with closing(BlankForms(reading or Reading())) as forms:
        try:
            file = forms.learn(blank.read_bytes(), called)
        except DocumentError as error:
            raise WrongUse(f"{str(blank)!r} cannot be a template: {error}") from error
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"]
            raise WrongUse(f"{str(blank)!r} cannot be a template: {reason}") from error
    text = file.model_dump_json(indent=1) + "\n"
    if len(text) > LARGEST_TEMPLATE:
        raise WrongUse(f"{str(blank)!r} cannot be a template: its print takes {len(text):,} bytes")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{called}{SUFFIX}"
    with whole_file(path) as whole:
        whole.write_text(text, encoding="utf-8")
    return NewTemplate(path, file)
