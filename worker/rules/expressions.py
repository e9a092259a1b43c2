"""Expressions of rules in CEL, the Common Expression Language: bounded before they are parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping

import cel

#: Characters of the longest expression.
LONGEST_EXPRESSION = 400
#: Brackets that may stand inside each other.
_DEEPEST = 8
#: Macros that walk over lists; two in each other look at each pair of slots, three would take minutes.
_MOST_LOOPS = 2
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w*)")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
#: What an expression may ask for.
NAMES = frozenset({"slots", "pages", "signed", "key"})
#: Untrusted patterns may take for ever; letters that repeat may take memory.
_REFUSED_FUNCTIONS = frozenset({"matches", "replace", "split", "join"})


class ExpressionRefused(ValueError):
    """An expression that is no CEL, asks for what there is not, or could take too long."""


def check_expression(text: str) -> str:
    """The expression itself. ExpressionRefused with a reason."""
    bare = _TEXT.sub("''", text)
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionRefused(f"an expression has at most {LONGEST_EXPRESSION} characters")
    if _depth(bare) > _DEEPEST:
        raise ExpressionRefused(f"brackets stand at most {_DEEPEST} deep in each other")
    loops = _LOOP.findall(bare)
    if len(loops) > _MOST_LOOPS:
        raise ExpressionRefused(f"an expression walks over lists at most {_MOST_LOOPS} times")
    program = _compiled(text)
    unknown = set(program.variables()) - NAMES - set(loops)
    if unknown:
        raise ExpressionRefused(
            f"{', '.join(sorted(unknown))} is not known; there are {', '.join(sorted(NAMES))}"
        )
    refused = set(program.functions()) & _REFUSED_FUNCTIONS
    if refused:
        raise ExpressionRefused(f"{', '.join(sorted(refused))} may not be called")
    return text


def holds(text: str, facts: Mapping[str, object]) -> bool | None:
    """Whether an expression that was checked is true of these facts; None where it cannot be said."""
    try:
        answer = _compiled(text).execute(dict(facts))
    except (ValueError, TypeError, ArithmeticError, LookupError, RuntimeError):
        return None
    return answer if isinstance(answer, bool) else None


def _compiled(text: str) -> cel.Program:
    try:
        return cel.compile(text)
    except (ValueError, RuntimeError) as error:
        raise ExpressionRefused(
            f"not CEL: {str(error).partition('ERROR:')[2].strip() or error}"[:200]
        ) from error


def _depth(text: str) -> int:
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    return deepest
