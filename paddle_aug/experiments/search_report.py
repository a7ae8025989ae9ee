"""A search in words: the sentences and tables of its report, from its state (search.json)."""

from collections import Counter

from paddle_aug.experiments.compare_next import Step
from paddle_aug.experiments.search_next import next_step, too_early
from paddle_aug.results.charts import (
    EVAL_ACCURACY,
    INTERVALS_FROM,
    SEPARATOR,
    ModesChart,
    measured,
)
from paddle_aug.results.colours import colours
from paddle_aug.results.html import environment
from paddle_aug.results.stats import Comparison, compared_in_pairs, estimate
from paddle_aug.results.table import paragraph
from paddle_aug.results.text import (
    code,
    count,
    duration,
    listed,
    p_text,
    seeds_text,
)

Table = tuple[list[str], list[list[str]]]  # heads, and rows of cells


def runs_of(state: dict, part: str) -> list[dict]:
    """The runs of a stage that have ended."""
    return [run for run in state["runs"] if run["part"] == part]


def accuracies(state: dict, part: str) -> dict[str, dict[int, float]]:
    """Those of the finished runs of a stage, by mode and seed; without runs that diverged."""
    by_mode: dict[str, dict[int, float]] = {}
    for run in sorted(runs_of(state, part), key=lambda run: run["seed"]):
        if run["accuracy"] is not None:
            by_mode.setdefault(run["mode"], {})[run["seed"]] = run["accuracy"]
    return by_mode


def diverged(state: dict, part: str) -> dict[str, int]:
    """The number of runs of a stage that diverged, by mode."""
    return Counter(run["mode"] for run in runs_of(state, part) if run["accuracy"] is None)


def plan_text(state: dict) -> str:
    """The plan, a line a stage."""
    plan = state["plan"]
    final, budget = plan["final"], state["settings"]["budget"]
    lines = [f"rung {level}: {_rung_text(**rung)}" for level, rung in enumerate(plan["rungs"])]
    lines.append(
        f"test: {final['candidates']} modes, {_runs_text(final['epochs'], final['seeds'])}; "
        f"{duration(plan['reserved'])} of {duration(budget)} are kept for it"
    )
    return "\n".join(lines)


def run_text(run: dict, spent: float, budget: float) -> str:
    """A line on a run that has ended."""
    came_to = "diverged" if run["accuracy"] is None else f"{100 * run['accuracy']:.1f} %"
    return (
        f"{run['part']} seed {run['seed']} {run['mode']}: {came_to} after "
        f"{count(run['epochs'], 'epoch')} ({duration(run['seconds'])}; {duration(spent)} of "
        f"{duration(budget)} spent)"
    )


def compared(state: dict) -> dict[str, Comparison]:
    """The winner against each baseline that was tested with one of its seeds."""
    tested = accuracies(state, "final")
    winner, *baselines = state["final"]["modes"]
    return compared_in_pairs(
        {mode: (tested.get(winner, {}), tested.get(mode, {})) for mode in baselines}
    )


def answer(state: dict) -> str:
    """The result in a sentence; before it, why it may be too early, and after it, which runs of the
    test diverged."""
    lost = diverged(state, "final")
    modes = listed([f"{code(mode)} with {count(lost[mode], 'seed')}" for mode in lost])
    sentences = [*too_early(state, compared(state)), _answer(state)]
    if len(sentences) > 1:
        so_far = "So far: {claim}"
        sentences[-1] = so_far.format(claim=sentences[-1])
    if lost:
        text = "In the test, {modes} diverged; these runs are in no mean."
        sentences.append(text.format(modes=modes))
    return " ".join(sentences)


def what_next(state: dict) -> Step:
    """Why a command comes next, and the command."""
    means = {
        mode: sum(by_seed.values()) / len(by_seed)
        for mode, by_seed in accuracies(state, "final").items()
    }
    return next_step(state, means, compared(state))


def as_text(state: dict) -> str:
    """The answer and what to run next, for a terminal."""
    step = what_next(state)
    return f"{paragraph(answer(state))}\n\n{paragraph(step.text)}\n{step.command}"


def _answer(state: dict) -> str:
    winner = state["final"]["modes"][0]
    comparisons = compared(state)
    best = f"the best of {tried(state)} candidates"
    if len(state["final"]["modes"]) == 1:
        return f"No gain: {best} is {code(winner)}, the only mode that it was to be compared with."
    if not comparisons and diverged(state, "final"):
        return f"No answer: no run of {code(winner)}, {best}, has one to be compared with."
    if not comparisons:
        return f"No answer: the budget ran out before {code(winner)}, {best}, could be tested."
    by_word: dict[str, list[str]] = {"better": [], "worse": [], "": []}
    for mode, comparison in comparisons.items():
        than = f"than {code(mode)} by {comparison.points[1:]} points"
        by_word[comparison.word].append(
            than if comparison.shown else f"{code(mode)} ({comparison})"
        )
    unclear = listed(by_word.pop(""))
    parts = [f"{word} {listed(members)}" for word, members in by_word.items() if members]
    if not parts:
        return f"No significant gain over {unclear} by {code(winner)}, {best}."
    gain = f"; no significant gain over {unclear}" if unclear else ""
    return f"{code(winner)} is {', and '.join(parts)}{gain}."


def tried(state: dict) -> int:
    """The number of candidates that were trained at all."""
    return len({run["mode"] for run in runs_of(state, "rung-0")})


def tested(state: dict) -> str:
    """What the answer rests on, in a sentence or two."""
    final, data = state["final"], state["data"]
    seeds = seeds_text([len(by_seed) for by_seed in accuracies(state, "final").values()])
    epochs = final["epochs"]
    text = (
        f"Each mode was trained with {seeds} and evaluated on {data['eval']:,} images "
        f"({data['tested_on']}), which no choice had looked at. The runs had "
        f"{count(epochs, 'epoch')} each"
    )
    if final["stopped"]:
        text += ". The budget ended before all runs of the test were done"
    return f"{text}."


def report(state: dict) -> str:
    """The whole report as Markdown; its first sentence is the answer."""
    return f"{environment().get_template('search.md').render(contents(state))}\n"


def contents(state: dict) -> dict:
    """What the report says, for its templates."""
    final, settings = state["final"], state["settings"]
    return {
        "state": state,
        "answer": answer(state),
        "tested": tested(state),
        "test_table": _test_table(state),
        "last": f"last {count(final['last_epochs'], 'epoch')}".replace("last 1 ", "last "),
        "comparisons": count(len(compared(state)), "comparison"),
        "has_figure": bool(accuracies(state, "final")),
        "next": what_next(state),
        "tried": tried(state),
        "holdout": f"{100 * settings['config']['holdout']:g}",
        "spent": duration(state["spent"]),
        "jobs": state["side_by_side"],
        "budget": duration(settings["budget"]),
        "rung_table": _rung_table(state),
        "left_out": _left_out(state),
        "candidate_table": _candidate_table(state),
    }


def chart(state: dict) -> ModesChart:
    """The accuracies of the test, the winner's first."""
    tested, final = accuracies(state, "final"), state["final"]
    winner = final["modes"][0]
    rows = [
        measured(mode, list(tested[mode].values()), "(winner)" if mode == winner else "")
        for mode in final["modes"]
        if mode in tested
    ]
    numbers = [len(row.values) for row in rows]
    last = count(final["last_epochs"], "epoch").replace("1 epoch", "epoch")
    mark = " with 95 % interval" if max(numbers) >= INTERVALS_FROM else ""
    statistic = f"{seeds_text(numbers)}, mean of the last {last}{mark}"
    names = [state["data"]["name"], state["settings"]["config"]["network"]]
    title = SEPARATOR.join([*names, statistic])
    return ModesChart(title, EVAL_ACCURACY, rows, None, colours(final["modes"]))


def _test_table(state: dict) -> Table:
    tested, comparisons = accuracies(state, "final"), compared(state)
    lost = dict.fromkeys(diverged(state, "final"), "diverged")
    rows = []
    for mode in state["final"]["modes"]:
        values = list(tested.get(mode, {}).values())
        comparison = comparisons.get(mode)
        rows.append(
            [
                mode,
                str(estimate(values)) if values else lost.get(mode, "–"),
                str(len(values)),
                comparison.points if comparison else "–",
                p_text(comparison.p) if comparison else "–",
                f"{_epoch_seconds(state, 'final', mode):.1f}" if values else "–",
            ]
        )
    return ["augmentation", "eval (%)", "seeds", "winner's lead (points)", "p", "s an epoch"], rows


def _rung_table(state: dict) -> Table:
    rows = []
    for level, rung in enumerate(state["rungs"]):
        planned = state["plan"]["rungs"][level]
        numbers = [level, len(rung["candidates"]), rung["epochs"], len(rung["seeds"])]
        runs = planned["candidates"] * planned["seeds"]
        done = f"{len(runs_of(state, f'rung-{level}'))} of {runs} × {planned['epochs']} epochs"
        rows.append([*map(str, numbers), done])
    return ["rung", "candidates", "epochs", "seeds", "runs done of those planned"], rows


def _left_out(state: dict) -> str:
    """What the budget did not suffice for; "" if it sufficed for everything."""
    plan, final, parts = state["plan"], state["final"], []
    unplanned = len(state["candidates"]) - plan["rungs"][0]["candidates"]
    if unplanned > 0:
        parts.append(f"{unplanned} of the proposed candidates were not planned for")
    for level, planned in enumerate(plan["rungs"]):
        if level >= len(state["rungs"]) or not state["rungs"][level]["candidates"]:
            parts.append(f"rung {level} was left out")
            continue
        rung = state["rungs"][level]
        if level:  # candidates that diverged do not reach it
            sound = sum(mean is not None for _, mean in state["rungs"][level - 1]["ranking"])
            planned = planned | {"candidates": min(planned["candidates"], sound)}
        had = _rung_text(len(rung["candidates"]), rung["epochs"], len(rung["seeds"]))
        if had != _rung_text(**planned):
            parts.append(f"rung {level} had {had} instead of {_rung_text(**planned)}")
        if rung["stopped"]:
            trained = {run["mode"] for run in runs_of(state, f"rung-{level}")}
            missing = [code(mode) for mode in rung["candidates"] if mode not in trained]
            without = f", without {', '.join(missing)}" if missing else ""
            text = _stopped_text(state, f"rung-{level}", rung["candidates"], rung["seeds"])
            parts.append(f"rung {level} {text}{without}")
    if final["epochs"] < plan["final"]["epochs"]:
        epochs = count(final["epochs"], "epoch")
        parts.append(f"the test had {epochs} a run instead of {plan['final']['epochs']}")
    if final["stopped"]:
        parts.append(f"the test {_stopped_text(state, 'final', final['modes'], final['seeds'])}")
    return f"Left out because of the budget: {'; '.join(parts)}." if parts else ""


def _stopped_text(state: dict, part: str, modes: list[str], seeds: list[int]) -> str:
    done = count(len(runs_of(state, part)), "run")
    return f"was stopped after {done} of {len(modes) * len(seeds)}"


def _candidate_table(state: dict) -> Table:
    """All candidates, best first: by the last rung that they reached, then by accuracy there."""
    rankings = [dict(map(tuple, rung["ranking"] or [])) for rung in state["rungs"]]
    reached = {mode: level for level, ranking in enumerate(rankings) for mode in ranking}
    last = {mode: rankings[level][mode] for mode, level in reached.items()}
    modes = sorted(
        reached, key=lambda mode: (-reached[mode], last[mode] is None, -(last[mode] or 0))
    )
    rows = [
        [
            mode,
            *(_mean_text(ranking[mode]) if mode in ranking else "" for ranking in rankings),
            f"{_epoch_seconds(state, f'rung-{reached[mode]}', mode):.1f}",
        ]
        for mode in modes
    ]
    heads = [f"rung {level} (%)" for level in range(len(rankings))]
    return ["candidate, judged on images held back", *heads, "s an epoch"], rows


def _mean_text(mean: float | None) -> str:
    return "diverged" if mean is None else f"{100 * mean:.1f}"


def _epoch_seconds(state: dict, part: str, mode: str) -> float:
    times = [run["epoch_seconds"] for run in runs_of(state, part) if run["mode"] == mode]
    return sum(times) / len(times)


def _rung_text(candidates: int, epochs: int, seeds: int) -> str:
    return f"{candidates} candidates, {_runs_text(epochs, seeds)}"


def _runs_text(epochs: int, seeds: int) -> str:
    return f"{count(epochs, 'epoch')} with {count(seeds, 'seed')}"
