"""Training the detector: what it starts from, and that it goes on where it stopped."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training is an optional extra")
pytest.importorskip("ultralytics", reason="training is an optional extra")

from safetensors.torch import save_file  # noqa: E402
from ultralytics.nn.tasks import DetectionModel  # noqa: E402

from training.detector.export import export  # noqa: E402
from training.detector.settings import TrainSettings, read_settings  # noqa: E402
from training.detector.torchvision_standin import ensure_torchvision  # noqa: E402
from training.detector.train import load_matching, train  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.boxes import iou  # noqa: E402
from worker.vision.detector import OnnxDetector, TorchDetector  # noqa: E402
from worker.vision.values import Thresholds  # noqa: E402

TINY = TrainSettings(image_size=64, batch=4, minutes=0.02)


class PulledPlugError(Exception):
    """The machine went away in the middle of an epoch."""


@pytest.fixture
def described(tmp_path: Path) -> Path:
    """Eight small pages with one dark bar each."""
    for split in ("train", "valid"):
        images, labels = tmp_path / split / "images", tmp_path / split / "labels"
        images.mkdir(parents=True)
        labels.mkdir()
        for index in range(8):
            page = np.full((64, 64, 3), 255, dtype=np.uint8)
            page[40:48, 4 * index : 4 * index + 30] = 0
            Image.fromarray(page).save(images / f"{index}.png")
            (labels / f"{index}.txt").write_text(f"0 {(4 * index + 15) / 64} {44 / 64} {30 / 64} {8 / 64}")
    path = tmp_path / "data.yaml"
    path.write_text(f"path: {tmp_path}\ntrain: train/images\nval: valid/images\nnames: {{0: signature}}\n")
    return path


def test_an_interrupted_training_goes_on_after_its_last_whole_epoch(described, tmp_path):
    seen: list[int] = []

    def pull_the_plug(epoch: int, losses: dict[str, float]) -> None:
        seen.append(epoch)
        assert all(np.isfinite(loss) for loss in losses.values())
        if len(seen) in (3, 5):
            raise PulledPlugError

    settings = TINY.model_copy(update={"minutes": 5.0})
    with pytest.raises(PulledPlugError):
        train(described, tmp_path / "run", settings, on_epoch=pull_the_plug)
    last = tmp_path / "run" / "weights" / "last.pt"
    with pytest.raises(PulledPlugError):
        train(described, tmp_path / "run", settings, resume=last, on_epoch=pull_the_plug)

    assert seen == [1, 2, 3, 3, 4]


def test_an_exported_checkpoint_answers_alike_in_both_engines(described, tmp_path):
    checkpoint = train(described, tmp_path / "run", TINY)
    (tmp_path / "weights").mkdir()

    export(checkpoint, size=96, min_score=0.25, folder=tmp_path / "weights")

    page = np.random.default_rng(1).integers(0, 255, (200, 150, 3), dtype=np.uint8)
    everything = Thresholds(min_score=1e-5)
    (one,) = OnnxDetector("detector", thresholds=everything, folder=tmp_path / "weights").detect([page])
    torch_detector = TorchDetector(
        "detector-torch", device="cpu", thresholds=everything, folder=tmp_path / "weights"
    )
    (other,) = torch_detector.detect([page])
    assert one[0].score == pytest.approx(other[0].score, rel=1e-3)
    assert iou(one[0].box, other[0].box) > 0.98


def test_a_backbone_gives_what_fits_and_nothing_else(tmp_path):
    model = DetectionModel("yolov5n.yaml", nc=1, verbose=False)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fits, wrong = "model.0.conv.weight", "model.1.conv.weight"
    save_file(
        {fits: torch.ones_like(before[fits]), wrong: torch.ones(3), "other": torch.ones(2)}, tmp_path / "b"
    )

    assert load_matching(model, tmp_path / "b") == 1
    assert torch.equal(model.state_dict()[fits], torch.ones_like(before[fits]))
    assert torch.equal(model.state_dict()[wrong], before[wrong])


def test_torchvisions_suppression_is_there_whichever_way():
    ensure_torchvision()

    from torchvision.ops import nms  # noqa: PLC0415  # it may exist only now

    boxes = torch.tensor([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], dtype=torch.float32)
    assert nms(boxes, torch.tensor([0.5, 0.9, 0.7]), 0.45).tolist() == [1, 2]


def test_a_finished_training_is_not_resumed_but_may_be_started_from(described, tmp_path):
    checkpoint = train(described, tmp_path / "run", TINY)

    with pytest.raises(WrongUse, match="finished training"):
        train(described, tmp_path / "run", TINY, resume=checkpoint)
    model = DetectionModel("yolov5n.yaml", nc=1, verbose=False)
    assert load_matching(model, checkpoint) == len(model.state_dict())


def test_a_missing_checkpoint_is_not_resumed(described, tmp_path):
    with pytest.raises(WrongUse, match="there is no checkpoint"):
        train(described, tmp_path / "run", TINY, resume=tmp_path / "last.pt")


def test_every_stage_of_the_settings_file_is_valid_and_others_are_refused():
    assert [read_settings(stage).image_size for stage in ("first", "second")] == [416, 544]
    with pytest.raises(WrongUse, match="choose one of first, second"):
        read_settings("fourth")


@pytest.mark.parametrize(
    "wrong",
    [pytest.param({"image_size": 100}, id="no multiple of 32"), pytest.param({"minutes": 0}, id="no time")],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValueError, match="Input should be"):
        TrainSettings(**wrong)
