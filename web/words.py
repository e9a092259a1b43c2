"""Words that stand in addresses and on pages: verdicts, states, and how each looks."""

from __future__ import annotations

#: How a word looks; each is also written out, never shown by its colour alone.
TONES = {
    "done": "good",
    "partial": "doubt",
    "failed": "bad",
    "waiting": "none",
    "working": "note",
    "signed": "good",
    "unsigned": "none",
    "unknown": "doubt",
    "genuine": "good",
    "forged": "bad",
    "inconclusive": "doubt",
    "no_reference": "none",
    "not_found": "none",
    "unread": "none",
    "contradicted": "bad",
    "cannot_say": "doubt",
    "copy": "doubt",
    "disagreement": "bad",
    "doubtful_references": "doubt",
    "low_evidence": "doubt",
    "sample": "note",
    "reference_copy": "doubt",
    "complete": "good",
    "incomplete": "bad",
    "review": "doubt",
    "high": "bad",
    "low": "none",
}
#: What the keys of a reviewer do.
KEY_WORDS = {
    "genuine": "Genuine",
    "forged": "Forged",
    "cannot_say": "Cannot say",
    "skip": "Skip, or go on",
    "back": "Your last answer",
    "page": "The whole page",
    "comment": "Comment",
    "overlay": "More of the signature, less of the reference",
    "flicker": "One after the other",
    "cleaned": "As scanned, or cleaned",
}
#: Whether a document is signed, in a word.
SIGNED = {True: "signed", False: "unsigned", None: "unknown"}
