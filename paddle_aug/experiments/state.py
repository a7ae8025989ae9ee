"""compare.json and search.json: what they must hold, and which settings may change between
sessions."""

import logging
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from paddle_aug.config import EARLIER_DEFAULTS, flag
from paddle_aug.errors import UserError
from paddle_aug.results.text import duration
from paddle_aug.system import plugins
from paddle_aug.system.files import read_json
from paddle_aug.system.schema import COUNT, PART, TEXT, misfit

logger = logging.getLogger(__name__)

VERSION = 1  # of both files; those without a version are of this one

COMPARISON = {
    "settings": {
        "config": {},
        "modes": [TEXT],
        "baseline": TEXT,
        "seeds": [int],
        "fractions": [PART],
        "rates": [PART],
        "budget": (None, PART),
    },
    "command": TEXT,
    "data": {"name": TEXT, "fingerprint": TEXT, "class_names": [TEXT]},
    "versions": {},
    "threads": COUNT,
    "spent": PART,
    "rates": {},
    "tuning": [{}],
}

PLANNED = {"candidates": COUNT, "epochs": COUNT, "seeds": COUNT}
RUN = {"part": TEXT, "mode": TEXT, "seed": int, "epochs": COUNT}
RUNG = {"candidates": [TEXT], "epochs": COUNT, "seeds": [int], "stopped": bool}
TEST = {"modes": [TEXT], "epochs": COUNT, "seeds": [int], "last_epochs": COUNT, "stopped": bool}
SEARCH = {
    "settings": {"config": {}, "budget": PART},
    "data": {"fingerprint": TEXT, "train": COUNT, "eval": COUNT, "tested_on": TEXT},
    "candidates": [TEXT],
    # The accuracy of a run, or a candidate's mean, is null if it diverged.
    "runs": [{**RUN, "seconds": PART, "epoch_seconds": PART, "accuracy": (None, PART)}],
    "plan": (None, {"rungs": [PLANNED], "final": PLANNED, "reserved": PART}),
    "rungs": [{**RUNG, "ranking": (None, [(TEXT, (None, PART))])}],
    "final": (None, {**TEST, "finished": bool}),
}


def plain(settings, free: Collection[str]) -> dict:
    """Settings as JSON has them, without the fields of their config that may change."""
    fields = asdict(settings)
    for name in free:
        del fields["config"][name]
    return {name: [*value] if isinstance(value, tuple) else value for name, value in fields.items()}


def read_state(file: Path, schema: dict) -> dict:
    """A comparison's or a search's state.

    Raises:
        UserError: the file cannot be read, is damaged, or is a later version's.
    """
    try:
        state = read_json(file)
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; give another --out") from None
    except ValueError as error:
        raise UserError(f"{file} is damaged: {error}; give another --out") from None
    if fault := misfit(state, schema, "it"):
        raise UserError(f"{file} is damaged: {fault}; give another --out")
    if state.get("version", VERSION) != VERSION:
        raise UserError(f"{file} was written by another version of paddle_aug; give another --out")
    return state


def refuse_other(
    file: Path, kind: str, earlier: dict, now: dict, may_change: frozenset[str] = frozenset()
) -> None:
    """Stop where a folder's comparison or search has other settings or data than the new one, and
    warn where its plug-ins have changed.

    Raises:
        UserError: the message names the first setting that differs.
    """
    before, wanted = (
        EARLIER_DEFAULTS | state["settings"]["config"] | state["settings"]
        for state in (earlier, now)
    )
    for name in (*now["settings"]["config"], *now["settings"]):
        if name == "config" or name in may_change or before.get(name) == wanted[name]:
            continue
        option = "--learning-rates" if name == "rates" else flag(name)
        raise UserError(
            f"{file} is a {kind} with {option} {_shown(name, before.get(name))}, but this one has "
            f"{_shown(name, wanted[name])}; give the same to continue it, or another --out"
        )
    if earlier["data"]["fingerprint"] != now["data"]["fingerprint"]:
        raise UserError(
            f"{file} is a {kind} on other data, or its lists have changed since; give another --out"
        )
    for name, digest in earlier.get("files", {}).items():
        if now.get("files", {}).get(name, digest) != digest:
            raise UserError(
                f"{file} is a {kind} with {flag(name)} {wanted[name]}, and that file has changed "
                "since; give another --out"
            )
    if names := plugins.changed(earlier.get("imports", {})):
        logger.warning(
            f"changed since this {kind} began: {', '.join(names)}; runs that are finished are of "
            "the earlier code: give another --out to train them again"
        )


def _shown(name: str, value) -> str:
    """A setting as the user gives it."""
    if name == "budget" and value is not None:
        return duration(value)
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return str(value)
