"""The structure of a checkpoint, without its arrays, which `checkpoint` checks."""

import math
from pathlib import Path

from paddle_aug.errors import UserError
from paddle_aug.results.runlog import CURVES
from paddle_aug.system.schema import COUNT, NUMBER, TEXT, WHOLE, misfit

FORMAT = 2
MEANS = {"loss": NUMBER, "acc": NUMBER}
FINISHED = {  # what resuming reads from run.json
    "config": {}, "data": {"fingerprint": TEXT, "classes": COUNT}, "epochs": [{}],
    "test": (None, MEANS),
}  # fmt: skip
CHECKPOINT = {
    **FINISHED, "format": COUNT, "stopped": bool, "network": {}, "optimizer": {}, "scaler": {},
    "average": {"steps": WHOLE, "weights": {}}, "curves": {name: [NUMBER] for name in CURVES},
    "sessions": [{"argv": [TEXT], "versions": {}, "commit": (None, TEXT), "device": TEXT}],
}  # fmt: skip


def current(state: dict, path: Path) -> dict:
    """Check a checkpoint and return it in today's format, whichever version wrote it.

    Raises:
        UserError: it is damaged, or was written by a later version or within an epoch.
    """
    if isinstance(state.get("format"), int) and state["format"] > FORMAT:
        raise UserError(f"{path} was written by a later version of paddle_aug; use that one")
    try:
        state = {"format": 1, "stopped": False, **state, **_without_arrays(state)}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise UserError(damaged(path, "its curves or epochs cannot be read")) from None
    refuse_damaged(state, CHECKPOINT, path)
    if state.get("part"):
        raise UserError(
            f"{path} was written in the middle of epoch {len(state['epochs']) + 1} by an earlier "
            "version of paddle_aug, and this version resumes after whole epochs only; finish that "
            "epoch with the earlier version, or drop --resume to start over"
        )
    if {len(curve) for curve in state["curves"].values()} != {len(state["epochs"]) or -1}:
        raise UserError(damaged(path, "its curves and epochs are not of one length"))
    if not state["sessions"]:
        raise UserError(damaged(path, "it has no sessions"))
    return state


def _without_arrays(state: dict) -> dict:
    """Curves and epochs as lists; earlier versions kept each quantity in an array."""
    curves = {name: [float(number) for number in state["curves"][name]] for name in CURVES}
    epochs = state["epochs"]
    if isinstance(epochs, dict):
        columns, others = epochs["numbers"], epochs["others"]
        epochs = [
            {n: float(column[i]) for n, column in columns.items() if not math.isnan(column[i])}
            | others.get(i, {})
            for i in range(len(columns["seconds"]))
        ]
    return {"curves": curves, "epochs": list(epochs)}


def refuse_damaged(content: dict, schema: dict, path: Path) -> None:
    """Stop unless the content of a run's file fits the schema."""
    if fault := misfit(content, schema, "it"):
        raise UserError(damaged(path, fault))


def damaged(path: Path, fault: str) -> str:
    """The message about a file that cannot be resumed from."""
    return f"cannot resume from {path}: it is damaged ({fault}); drop --resume to start over"
