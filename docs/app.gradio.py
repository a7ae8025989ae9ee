"""The studio as an app of AI Studio, which starts files of this name (docs/studio.md)."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PORT = os.environ.get("GRADIO_SERVER_PORT", "7860")

if __name__ == "__main__":
    tool = str(PROJECT / "tools" / "studio.py")
    words = ["--data", "sample", "--public", "--host", "0.0.0.0", "--port", PORT, "--no-browser"]
    os.execv(sys.executable, [sys.executable, tool, *words])
