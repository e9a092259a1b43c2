"""What is trained: from the features of both views and the facts of a mark to whether it signs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.roles.backbone import FEATURES
from worker.vision.detection.classifier import KINDS
from worker.vision.detection.roles import FORMS
from worker.vision.detection.surroundings import SURROUNDINGS

#: Facts of a mark: nine of its place, the detector's scores, the classifier's shares, the print around it.
_PLACE = 9
_SCORES = slice(_PLACE, _PLACE + len(FORMS) + len(KINDS))
FACTS = _SCORES.stop + SURROUNDINGS
#: All that the members read: features of two views, the facts, and logarithms of scores and shares.
INPUTS = 2 * FEATURES + FACTS + _SCORES.stop - _PLACE
#: What plain members read, their hidden units, and the dropout of their inputs and hidden units.
PLAIN_INPUTS, _PLAIN_HIDDEN, _PLAIN_DROPOUT = INPUTS - 2 * FEATURES, 64, (0.1, 0.2)
_LEAST, _FARTHEST = 1e-3, 5.0


class Head(nn.Module):
    """Several networks of one hidden layer, and the calibration of their mean probability.

    Plain members read the facts alone. They err on other marks than those that see it, and both groups count
    alike.
    """

    mean: Tensor
    scale: Tensor
    calibration: Tensor

    def __init__(self, *, members: int, hidden: int, dropout: float, plain: int = 0) -> None:
        super().__init__()
        self.seeing = _Members(members, INPUTS, hidden, (dropout, dropout))
        self.plain = _Members(plain, PLAIN_INPUTS, _PLAIN_HIDDEN, _PLAIN_DROPOUT) if plain else None
        self.register_buffer("mean", torch.zeros(INPUTS))
        self.register_buffer("scale", torch.ones(INPUTS))
        #: Slope and shift of the logit.
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))

    def forward(self, tight: Tensor, near: Tensor, facts: Tensor) -> Tensor:
        """(n, 1280), (n, 1280) and (n, FACTS) to (n,) calibrated probabilities."""
        logit = self.pooled(self.standardised(head_inputs(tight, near, facts)))
        return (logit * self.calibration[0] + self.calibration[1]).sigmoid()

    def pooled(self, inputs: Tensor) -> Tensor:
        """The log-odds before calibration: (n, INPUTS) standardised to (n,).

        Those of a group are of its mean probability; of two groups they are averaged, so that one that is
        sure that a mark does not sign outweighs a doubt of the other.
        """
        probabilities = self.logits(inputs[None]).sigmoid()
        seeing = probabilities[: self.seeing.count].mean(dim=0).logit(eps=1e-6)
        if self.plain is None:
            return seeing
        return (seeing + probabilities[self.seeing.count :].mean(dim=0).logit(eps=1e-6)) / 2

    def standardise_by(self, inputs: Tensor) -> None:
        """Take mean and spread from these inputs: (n, INPUTS)."""
        self.mean.copy_(inputs.mean(dim=0))
        self.scale.copy_(inputs.std(dim=0) + 1e-3)

    def standardised(self, inputs: Tensor) -> Tensor:
        """Inputs as the members read them; what lies far off is brought near."""
        return ((inputs - self.mean) / self.scale).clamp(-_FARTHEST, _FARTHEST)

    def logits(self, inputs: Tensor) -> Tensor:
        """(members or 1, n, INPUTS) standardised to (members, n), those that see first."""
        seeing = inputs[: self.seeing.count]
        seen: Tensor = self.seeing(seeing)
        if self.plain is None:
            return seen
        plain = inputs[-self.plain.count :]
        return torch.cat([seen, self.plain(plain[..., 2 * FEATURES :])])


class _Members(nn.Module):
    """So many networks side by side; `dropout` is that of inputs and of hidden units."""

    def __init__(self, count: int, inputs: int, hidden: int, dropout: tuple[float, float]) -> None:
        super().__init__()
        self.count = count
        self.input_dropout, self.dropout = map(_Dropout, dropout)
        self.first = nn.Parameter(_uniform(count, inputs, hidden))
        self.first_bias = nn.Parameter(torch.zeros(count, 1, hidden))
        self.second = nn.Parameter(_uniform(count, hidden, 1))
        self.second_bias = nn.Parameter(torch.zeros(count, 1, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """(count or 1, n, inputs) to (count, n)."""
        hidden = torch.matmul(self.input_dropout(inputs), self.first) + self.first_bias
        answers = torch.matmul(self.dropout(hidden.relu()), self.second) + self.second_bias
        squeezed: Tensor = answers[..., 0]
        return squeezed


class _Dropout(nn.Module):
    """Dropout that draws a byte a number; torch's draws a double, which takes half of a step."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share, self._below = share, round(256 * share)

    def forward(self, values: Tensor) -> Tensor:
        """The values; while training some are 0 and the others so much larger."""
        if not self.training:
            return values
        drawn = torch.randint(-(2**63), 2**63 - 1, (-(-values.numel() // 8),)).view(torch.uint8)
        kept = drawn[: values.numel()].view(values.shape) >= self._below
        return values * (kept.to(values.dtype) / (1 - self._share))


def head_inputs(tight: Tensor, near: Tensor, facts: Tensor) -> Tensor:
    """Features and facts in one row a mark, with the logarithms of scores and shares: (n, INPUTS)."""
    return torch.cat([tight, near, facts, (facts[:, _SCORES] + _LEAST).log()], dim=1)


def _uniform(members: int, inputs: int, outputs: int) -> Tensor:
    """Weights as torch's linear layers begin."""
    bound = inputs**-0.5
    return torch.empty(members, inputs, outputs).uniform_(-bound, bound)
