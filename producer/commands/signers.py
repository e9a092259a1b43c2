"""`countersign signers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from producer.account import account
from producer.console import err, print_json
from producer.options import RunFolder
from producer.printing.enrolments import tell_signer
from producer.printing.not_used import tell_not_used, tell_note
from producer.printing.signers import show_everybody, show_signer_history, tell_touched
from producer.services.browse import list_signers
from producer.services.enroll_many import enroll_many, images_of
from producer.services.local_files import NotUsed
from producer.services.near_names import same_when_read
from producer.services.other_names import add_other_names, other_names_of
from producer.services.run_folder import sessions_of, store_of
from producer.services.run_outputs import rewrite_outputs
from producer.services.sending import open_sender
from producer.services.signers import (
    Judge,
    check_merge,
    export_signers,
    merge_signers,
    remove_references,
    signer_history,
    touched_documents,
    verify_touched,
)
from producer.text import counted
from worker.errors import WrongUse

if TYPE_CHECKING:
    from worker.enrolling import Enroller


class SignerAction(StrEnum):
    """What is done with signers."""

    LIST = "list"
    SHOW = "show"
    ENROLL = "enroll"
    REMOVE = "remove"
    MERGE = "merge"
    EXPORT = "export"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class _Order:
    """The words behind the action, and the options."""

    words: tuple[str, ...]
    table: Path | None
    folder: Path | None
    force: bool
    verify: bool
    as_json: bool
    yes: bool


def signers(
    action: Annotated[SignerAction, typer.Argument(help="What to do; see above.")] = SignerAction.LIST,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Names, ids, images, a folder.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", help="With enroll: CSV with the columns signer,image.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Enroll images of a low grade or of several signatures, too.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare the documents that a change touches again at once.")
    ] = False,
    folder: RunFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With merge: do not ask.")] = False,
) -> None:
    """Signers on file and their references: `list`, or `show NAME`.

    `enroll NAME IMAGE...`, `enroll DIR` with a folder for each signer, or `enroll --csv FILE`; `remove NAME
    NUMBER...` takes references off file. `merge NAME INTO` makes NAME another name of INTO; no command takes
    that back.

    `export DIR [NAME]...` writes what `enroll DIR` reads, other names too. `verify NAME...` compares
    again the documents that were compared with other references: each gets a new answer. Exit status 1: an
    image or another name was refused.
    """
    order = _Order(tuple(words or ()), table, folder, force, verify, as_json, yes)
    _check_options(action, order)
    raise typer.Exit(_ACTIONS[action](order))


def _check_options(action: SignerAction, order: _Order) -> None:
    """WrongUse for an option that the action does not take: `--run` would leave another database meant."""
    given = {
        "--csv": order.table is not None,
        "--force": order.force,
        "--verify": order.verify,
        "--json": order.as_json,
        "--yes": order.yes,
    }
    refused = [option for option, is_given in given.items() if is_given and option not in _OPTIONS[action]]
    if refused:
        raise WrongUse(f"`signers {action}` does not take {', '.join(refused)}")


def _list(order: _Order) -> int:
    rows = list_signers(sessions_of(order.folder))
    if order.as_json:
        for row in rows:
            print_json(row)
    else:
        show_everybody(rows)
    return 0


def _show(order: _Order) -> int:
    for name in _some(order.words, "name the signer"):
        history = signer_history(sessions_of(order.folder), name)
        (print_json if order.as_json else show_signer_history)(history)
    return 0


def _enroll(order: _Order) -> int:
    unused: list[NotUsed] = []
    by_signer = images_of(order.words, order.table, unused.append)
    other_names = other_names_of(order.words, order.table)
    enroller, who = _enroller(order.folder), account()
    enrolled = enroll_many(enroller, by_signer, who=who, force=order.force, on_signer=tell_signer)
    add_other_names(
        sessions_of(order.folder),
        other_names,
        enroller.judge,
        who=who,
        on_refused=lambda sentence: unused.append(NotUsed("aliases", sentence)),
    )
    for thing in unused:
        tell_not_used(thing)
    if order.as_json:
        for outcome in enrolled:
            print_json(outcome.enrolment)
    _after_enrolling(order, tuple(done.enrolment.signer for done in enrolled if done.enrolment.references))
    return 0 if not unused and all(outcome.complete for outcome in enrolled) else 1


def _remove(order: _Order) -> int:
    name, *which = _some(order.words, "name the signer and the references")
    removed = remove_references(sessions_of(order.folder), name, which, _judge(order), who=account())
    err.print(f"{counted(removed, 'reference')} taken off file; verdicts that rest on what is taken off stay")
    _after(order, (name,))
    return 0


def _merge(order: _Order) -> int:
    if len(order.words) != 2:
        raise WrongUse("merge takes two names: the one that becomes another name, and the signer's")
    name, into = order.words
    sessions = sessions_of(order.folder)
    check_merge(sessions, name, into)  # what cannot be done is no question
    if not order.yes:
        question = f"make {name!r} another name of {into!r}? No command takes it back"
        typer.confirm(question, abort=True, err=True)
    merged = merge_signers(sessions, name, into, _judge(order), who=account())
    err.print(f"{merged.name} is also {', '.join(merged.aliases)}", markup=False, soft_wrap=True)
    _after(order, (merged.name,))
    return 0


def _export(order: _Order) -> int:
    target, *names = _some(order.words, "name the folder to write to")
    written = export_signers(sessions_of(order.folder), store_of(order.folder), Path(target), names)
    err.print(f"{counted(written, 'reference')} written to {target}", markup=False, soft_wrap=True)
    return 0


def _verify(order: _Order) -> int:
    _compare_again(order, _some(order.words, "name the signers"))
    return 0


_ACTIONS: Mapping[SignerAction, Callable[[_Order], int]] = {
    SignerAction.LIST: _list,
    SignerAction.SHOW: _show,
    SignerAction.ENROLL: _enroll,
    SignerAction.REMOVE: _remove,
    SignerAction.MERGE: _merge,
    SignerAction.EXPORT: _export,
    SignerAction.VERIFY: _verify,
}
#: Options that each action takes; `--run` goes with all.
_OPTIONS: Mapping[SignerAction, frozenset[str]] = {
    SignerAction.LIST: frozenset({"--json"}),
    SignerAction.SHOW: frozenset({"--json"}),
    SignerAction.ENROLL: frozenset({"--csv", "--force", "--verify", "--json"}),
    SignerAction.REMOVE: frozenset({"--verify"}),
    SignerAction.MERGE: frozenset({"--verify", "--yes"}),
    SignerAction.EXPORT: frozenset(),
    SignerAction.VERIFY: frozenset(),
}


def _after_enrolling(order: _Order, names: tuple[str, ...]) -> None:
    """Point out names that look like another signer's, then as after every change."""
    for sentence in same_when_read(sessions_of(order.folder), names):
        tell_note(sentence)
    _after(order, names)


def _after(order: _Order, names: tuple[str, ...]) -> None:
    """Say which documents a change touches, and compare them again when that was asked for."""
    if not names:
        return
    if order.verify:
        _compare_again(order, names)
    else:
        if order.folder is not None:
            rewrite_outputs(sessions_of(order.folder), store_of(order.folder), order.folder)
        touched = touched_documents(sessions_of(order.folder), names)
        tell_touched(touched, sent=False, names=names, folder=order.folder)


def _compare_again(order: _Order, names: tuple[str, ...]) -> None:
    with open_sender(order.folder) as send:
        touched = verify_touched(sessions_of(order.folder), send, names, who=account())
    tell_touched(touched, sent=True)


def _judge(order: _Order) -> Judge:
    return lambda name: _enroller(order.folder).judge(name)


def _enroller(folder: Path | None) -> Enroller:
    from worker.enrolling import open_enroller  # noqa: PLC0415 - loads the models

    return open_enroller(sessions_of(folder), store_of(folder))


def _some(words: tuple[str, ...], lacking: str) -> tuple[str, ...]:
    if not words:
        raise WrongUse(lacking)
    return words
