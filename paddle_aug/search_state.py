"""What a search.json must hold, so that the search can go on with it."""

COUNT, PART, TEXT = "a whole number above 0", "a number from 0 on", "a text"
RUNG = {"candidates": COUNT, "epochs": COUNT, "seeds": COUNT}
SHAPE = {
    "settings": {"config": {}, "budget": PART},
    "data": {"fingerprint": TEXT, "train": COUNT, "eval": COUNT, "tested_on": TEXT},
    "candidates": [TEXT],
    "runs": [
        {
            "part": TEXT,
            "mode": TEXT,
            "seed": int,
            "epochs": COUNT,
            "seconds": PART,
            "epoch_seconds": PART,
            "accuracy": PART,
        }
    ],
    "plan": (None, {"rungs": [RUNG], "final": RUNG, "reserved": PART}),
    "rungs": [
        {
            "candidates": [TEXT],
            "epochs": COUNT,
            "seeds": [int],
            "stopped": bool,
            "ranking": (None, [(TEXT, PART)]),
        }
    ],
    "final": (
        None,
        {
            "modes": [TEXT],
            "epochs": COUNT,
            "seeds": [int],
            "last_epochs": COUNT,
            "stopped": bool,
            "finished": bool,
        },
    ),
}


def fault(state) -> str | None:
    """What is wrong with the state of a search."""
    return _misfit(state, SHAPE, "it") or _contradiction(state)


def _misfit(value, shape, name: str) -> str | None:
    """Where a value is not of its shape: a dict's keys, a list of one kind, a pair, or nothing."""
    match shape:
        case dict():
            if not isinstance(value, dict):
                return f"{name} is no object"
            parts = [(f"{name}: {key}", key, inner) for key, inner in shape.items()]
            missing = (f"{part} is missing" for part, key, _ in parts if key not in value)
            misfits = (_misfit(value.get(key), inner, part) for part, key, inner in parts)
            return next(missing, None) or next(filter(None, misfits), None)
        case [inner]:
            if not isinstance(value, list):
                return f"{name} is no list"
            found = (_misfit(item, inner, f"{name} {at}") for at, item in enumerate(value))
            return next(filter(None, found), None)
        case (None, inner):
            return None if value is None else _misfit(value, inner, name)
        case (_, _):
            if not isinstance(value, list) or len(value) != 2:
                return f"{name} is no pair"
            return _misfit(value[0], shape[0], name) or _misfit(value[1], shape[1], name)
    fits = {
        COUNT: type(value) is int and 0 < value < 2**63,
        PART: type(value) in (int, float) and 0 <= value < 2**63,
        TEXT: isinstance(value, str),
        int: type(value) is int and 0 <= value < 2**32,
        bool: isinstance(value, bool),
    }
    return None if fits[shape] else f"{name} is not {getattr(shape, '__name__', shape)}"


def _contradiction(state: dict) -> str | None:
    """Where one part of a state speaks of what another has not."""
    plan, rungs, final = state["plan"], state["rungs"], state["final"]
    if plan is not None and not plan["rungs"]:
        return "its plan has no rung"
    if (plan is None and (rungs or final)) or (plan and len(rungs) > len(plan["rungs"])):
        return "it has rungs that were not planned"
    trained = {(run["part"], run["mode"]) for run in state["runs"]}
    for level, rung in enumerate(rungs):
        if not {*rung["candidates"]} <= {*state["candidates"]}:
            return f"rung {level} has candidates that were not proposed"
        for mode, _ in rung["ranking"] or []:
            if mode not in rung["candidates"] or (f"rung-{level}", mode) not in trained:
                return f"rung {level} ranks {mode}, which was not trained"
    if final and not (rungs and rungs[0]["ranking"] and final["modes"] and final["seeds"]):
        return "it has a test without a winner"
    return None
