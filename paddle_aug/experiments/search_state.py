"""What a search.json must hold, so that the search can go on with it."""

from paddle_aug.system.schema import COUNT, PART, TEXT, misfit

RUNG = {"candidates": COUNT, "epochs": COUNT, "seeds": COUNT}
SCHEMA = {
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
    return misfit(state, SCHEMA, "it") or _contradiction(state)


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
