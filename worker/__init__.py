"""The workers: render, detect, verify and finish documents."""

import os

#: Told to libraries before any of them is loaded. ONNX Runtime reports its use to its maker, on Linux too
#: since 1.29; ultralytics asks name servers whether this machine reaches them.
SILENCE = {"ORT_DISABLE_TELEMETRY": "1", "YOLO_OFFLINE": "true"}
os.environ.update(SILENCE)
