"""Training the detector: what it starts from, what it believes, and that it goes on where it stopped."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")
pytest.importorskip("ultralytics", reason="training is an optional extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from training.common.settings import read_settings  # noqa: E402
from training.detector.averaging import averaged  # noqa: E402
from training.detector.crops import Mix, Sampler  # noqa: E402
from training.detector.export import register_detector  # noqa: E402
from training.detector.patches import PatchBook  # noqa: E402
from training.detector.settings import DETECTOR_SETTINGS, DetectorSettings  # noqa: E402
from training.detector.sheets import LABELS, Marked, Sheet  # noqa: E402
from training.detector.train import KnownLoss, fit_detector, load_matching, new_model  # noqa: E402
from training.detector.widen import widened  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.boxes import iou  # noqa: E402
from worker.vision.choices import Label, Thresholds  # noqa: E402
from worker.vision.detection.detector import OnnxDetector  # noqa: E402
from worker.vision.detection.torch_detector import TorchDetector  # noqa: E402
from worker.vision.values import Box  # noqa: E402

STAGES = ("crops", "pages", "accurate", "gpu-nano", "gpu-accurate")
TINY = DetectorSettings(image_size=64, batch=2, minutes=0.02, report_steps=1)


class PulledPlugError(Exception):
    """The machine went away in the middle of a training."""


@pytest.fixture
def sampler() -> Sampler:
    """Small pages with one dark bar each."""
    sheets = []
    for left in range(8, 40, 8):
        page = np.full((64, 64), 255, dtype=np.uint8)
        page[40:48, left : left + 20] = 0
        mark = Marked(Label.SIGNATURE, Box(left, 40, 20, 8))
        sheets.append(Sheet(page, (mark,), frozenset(LABELS), "scans"))
    return Sampler(sheets, PatchBook([]), Mix(sources={"scans": 1.0}, whole=True), size=64)


def test_an_interrupted_training_goes_on_after_its_last_checkpoint(sampler, tmp_path):
    seen: list[int] = []

    def pull_the_plug(values: dict[str, float]) -> None:
        seen.append(int(values["step"]))
        assert all(np.isfinite(value) for value in values.values())
        if len(seen) in (3, 5):
            raise PulledPlugError

    settings = TINY.model_copy(update={"minutes": 5.0, "checkpoint_minutes": 1e-6})
    with pytest.raises(PulledPlugError):
        fit_detector(sampler, tmp_path, settings, report=pull_the_plug)
    with pytest.raises(PulledPlugError):
        fit_detector(sampler, tmp_path, settings, resume=True, report=pull_the_plug)

    assert seen == [1, 2, 3, 3, 4]


def test_a_finished_training_is_over_when_it_is_resumed(sampler, tmp_path):
    weights = fit_detector(sampler, tmp_path, TINY)
    before = weights.read_bytes()
    seen: list[dict[str, float]] = []

    fit_detector(sampler, tmp_path, TINY, resume=True, report=seen.append)

    assert seen == []
    assert weights.read_bytes() == before


def test_what_is_not_there_is_not_resumed(sampler, tmp_path):
    with pytest.raises(WrongUse, match="no training to resume"):
        fit_detector(sampler, tmp_path, TINY, resume=True)


def test_the_next_stage_starts_from_the_weights_of_the_one_before(sampler, tmp_path):
    weights = fit_detector(sampler, tmp_path, TINY)

    model = new_model("yolov5n.yaml")

    assert load_matching(model, load_file(weights)) == len(model.state_dict())


@pytest.mark.parametrize("sizes", [pytest.param([96], id="one look"), pytest.param([64, 96], id="two looks")])
def test_exported_weights_answer_alike_in_both_engines(sampler, tmp_path, sizes):
    weights = fit_detector(sampler, tmp_path / "run", TINY)
    (tmp_path / "weights").mkdir()

    register_detector(weights, sizes=sizes, min_score=0.25, folder=tmp_path / "weights")

    page = np.random.default_rng(1).integers(0, 255, (200, 150, 3), dtype=np.uint8)
    everything = Thresholds(min_score=1e-5)
    (regions,) = OnnxDetector("detector", thresholds=everything, folder=tmp_path / "weights").detect([page])
    torch_detector = TorchDetector(
        "detector-torch", device="cpu", thresholds=everything, folder=tmp_path / "weights"
    )
    (other,) = torch_detector.detect([page])
    assert regions[0].label == other[0].label
    assert regions[0].score == pytest.approx(other[0].score, rel=1e-2)
    assert iou(regions[0].box, other[0].box) > 0.98


def test_the_catalogue_names_every_label_and_its_threshold(tmp_path):
    save_file(new_model("yolov5n.yaml").state_dict(), tmp_path / "some.safetensors")
    (tmp_path / "weights").mkdir()

    register_detector(
        tmp_path / "some.safetensors",
        sizes=[96],
        min_score=0.25,
        label_scores={Label.REDACTION: 0.6},
        folder=tmp_path / "weights",
    )

    stored = json.loads((tmp_path / "weights" / "catalogue.json").read_text())["detector"]["parameters"]
    assert stored["labels"] == [label.value for label in LABELS]
    assert (stored["min_score"], stored["label_scores"]) == (0.25, {"redaction": 0.6})


def test_a_backbone_gives_what_fits_and_nothing_else(tmp_path):
    model = new_model("yolov5n.yaml")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fits, wrong = "model.0.conv.weight", "model.1.conv.weight"
    tensors = {fits: torch.ones_like(before[fits]), wrong: torch.ones(3), "other": torch.ones(2)}

    assert load_matching(model, tensors) == 1
    assert torch.equal(model.state_dict()[fits], torch.ones_like(before[fits]))
    assert torch.equal(model.state_dict()[wrong], before[wrong])


def test_a_wider_network_starts_with_the_answers_of_the_narrower_one(sampler, tmp_path):
    narrow_file = fit_detector(sampler, tmp_path, TINY)
    narrow, wide = (new_model(f"yolov5{size}.yaml", narrow_file).eval() for size in "ns")
    page = torch.rand(1, 3, 64, 64)

    with torch.no_grad():
        thin, other = narrow(page)[0], wide(page)[0]

    assert torch.allclose(thin, other, rtol=1e-3, atol=1e-3)


def test_the_copies_of_a_channel_have_different_shares_of_its_weights():
    wide = widened({"w": torch.ones(4, 3, 1, 1)}, {"w": torch.zeros(4, 6, 1, 1)})["w"].reshape(4, 3, 2)

    assert torch.allclose(wide.sum(dim=2), torch.ones(4, 3))
    assert (wide[..., 0] - wide[..., 1]).abs().min() > 0


@pytest.mark.parametrize(
    "wide",
    [
        pytest.param({"w": torch.zeros(6, 3)}, id="no multiple"),
        pytest.param({"w": torch.zeros(4, 3), "more": torch.zeros(1)}, id="deeper"),
        pytest.param({"w": torch.zeros(4, 3, 1)}, id="another kind"),
        pytest.param({"w": torch.zeros(4, 3), "score": torch.zeros(5)}, id="more labels"),
    ],
)
def test_what_is_no_widening_stays_as_it_is(wide):
    narrow = {"w": torch.ones(4, 3), "score": torch.ones(1)}

    assert widened(narrow, wide) == narrow


def test_several_weights_ship_as_their_mean(tmp_path):
    for name, value in (("one", 1.0), ("other", 4.0)):
        tensors = {"w": torch.full((2, 3), value).half(), "steps": torch.tensor(7)}
        save_file(tensors, tmp_path / f"{name}.safetensors")

    mean = averaged([tmp_path / "one.safetensors", tmp_path / "other.safetensors"], tmp_path / "mean")

    stored = load_file(mean)
    assert stored["w"].dtype is torch.float16
    assert (stored["w"] == 2.5).all()
    assert stored["steps"] == 7


def test_weights_of_different_networks_have_no_mean(tmp_path):
    save_file({"w": torch.ones(2)}, tmp_path / "one")
    save_file({"w": torch.ones(3)}, tmp_path / "other")

    with pytest.raises(WrongUse, match="of another network"):
        averaged([tmp_path / "one", tmp_path / "other"], tmp_path / "mean")


def test_a_detector_of_signatures_alone_gives_its_scores_to_the_first_label():
    model = new_model("yolov5n.yaml")
    name = "model.24.cv3.0.2.bias"
    before = model.state_dict()[name].clone()

    load_matching(model, {name: torch.tensor([7.0])})

    assert model.state_dict()[name].tolist() == [7.0, *before[1:].tolist()]


def test_absence_counts_only_as_far_as_a_page_is_labelled():
    loss = KnownLoss()
    loss.weights = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]])
    nothing, signature = torch.zeros(1, 1, 5), torch.tensor([[[0.8, 0.0, 0.0, 0.0, 0.0]]])

    unmarked, marked = loss(torch.zeros(1, 1, 5), nothing), loss(torch.zeros(1, 1, 5), signature)

    assert (unmarked > 0).tolist() == [[[True, False, False, False, False]]]
    assert (marked > 0).all()


def test_every_stage_of_the_settings_file_is_valid_and_others_are_refused():
    stages = {stage: read_settings(DetectorSettings, DETECTOR_SETTINGS, table=stage) for stage in STAGES}

    assert all(settings.after in ("", *stages) for settings in stages.values())
    assert DETECTOR_SETTINGS.read_text().count("\n[") == len(stages)
    with pytest.raises(WrongUse, match="choose one of crops, pages"):
        read_settings(DetectorSettings, DETECTOR_SETTINGS, table="fourth")


@pytest.mark.parametrize(
    "wrong",
    [pytest.param({"image_size": 100}, id="no multiple of 32"), pytest.param({"minutes": 0}, id="no time")],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValueError, match="Input should be"):
        DetectorSettings(**wrong)
