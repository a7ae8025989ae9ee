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
from paddle_aug.results.language import _, count, joined, listed, seeds_text, used
from paddle_aug.results.stats import Comparison, compared_in_pairs, estimate
from paddle_aug.results.table import paragraph
from paddle_aug.results.text import code, duration, p_text

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


@used("en")  # a message
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


@used("en")  # a message
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
    one = _("{mode} with {seeds}")
    modes = listed([one.format(mode=code(mode), seeds=count(lost[mode], "seed")) for mode in lost])
    sentences = [*too_early(state, compared(state)), _answer(state)]
    if len(sentences) > 1:
        sentences[-1] = _("So far: {claims}").format(claims=sentences[-1])
    if lost:
        text = _("In the test, {modes} diverged; these runs are in no mean.")
        sentences.append(text.format(modes=modes))
    return joined(sentences)


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
    comparisons = compared(state)
    text = ""
    if len(state["final"]["modes"]) == 1:
        text = _(
            "No gain: the best of {tried} candidates is {winner}, the only mode that it was to be "
            "compared with."
        )
    elif not comparisons and diverged(state, "final"):
        text = _(
            "No answer: no run of {winner}, the best of {tried} candidates, has one to be compared "
            "with."
        )
    elif not comparisons:
        text = _(
            "No answer: the budget ran out before {winner}, the best of {tried} candidates, could "
            "be tested."
        )
    names = {"winner": code(state["final"]["modes"][0]), "tried": tried(state)}
    if text:
        return text.format(**names)
    by_word: dict[str, list[str]] = {"better": [], "worse": [], "": []}
    for mode, comparison in comparisons.items():
        one = (
            _("than {mode} by {points} points") if comparison.shown else _("{mode} ({comparison})")
        )
        points = comparison.points[1:]
        by_word[comparison.word].append(
            one.format(mode=code(mode), points=points, comparison=comparison)
        )
    better, worse, unclear = map(listed, by_word.values())
    claims = [
        *([_("better {modes}").format(modes=better)] if better else []),
        *([_("worse {modes}").format(modes=worse)] if worse else []),
    ]
    if not claims:
        text = _("No significant gain over {modes} by {winner}, the best of {tried} candidates.")
        return text.format(**names, modes=unclear)
    text = _("{winner} is {claims}.")
    if unclear:
        text = _("{winner} is {claims}; no significant gain over {modes}.")
    return text.format(**names, claims=_(", and ").join(claims), modes=unclear)


def tried(state: dict) -> int:
    """The number of candidates that were trained at all."""
    return len({run["mode"] for run in runs_of(state, "rung-0")})


def tested(state: dict) -> str:
    """What the answer rests on, in a sentence or two."""
    final, data = state["final"], state["data"]
    seeds = seeds_text([len(by_seed) for by_seed in accuracies(state, "final").values()])
    epochs = final["epochs"]
    text = _(
        "Each mode was trained with {seeds} and evaluated on {images} ({list}), which no choice "
        "had looked at. The runs had {epochs} each."
    )
    sentences = [
        text.format(
            seeds=seeds,
            images=count(data["eval"], "image"),
            list=_tested_on(state),
            epochs=count(epochs, "epoch"),
        )
    ]
    if final["stopped"]:
        sentences.append(_("The budget ended before all runs of the test were done."))
    return joined(sentences)


def _tested_on(state: dict) -> str:
    """The images of the test, as search_parts names them."""
    share, held_back, _rest = state["data"]["tested_on"].partition(" % of")
    if not held_back:
        return _("the eval list")
    return _("{share} % of the training list, held back").format(share=share)


def report(state: dict) -> str:
    """The whole report as Markdown; its first sentence is the answer."""
    return f"{environment().get_template('search.md').render(contents(state))}\n"


def contents(state: dict) -> dict:
    """What the report says, for its templates."""
    return {
        "state": state,
        "answer": answer(state),
        "tested": tested(state),
        "test_table": _test_table(state),
        "judged": _judged(state),
        "searched": _searched(state),
        "has_figure": bool(accuracies(state, "final")),
        "next": what_next(state),
        "rung_table": _rung_table(state),
        "left_out": _left_out(state),
        "candidate_table": _candidate_table(state),
    }


def _judged(state: dict) -> str:
    """How the modes of the test were compared."""
    last = state["final"]["last_epochs"]
    mean = _("Mean accuracy of the last {epochs}, with a 95 % t-interval over seeds.")
    if last == 1:
        mean = _("Mean accuracy of the last epoch, with a 95 % t-interval over seeds.")
    lead = _(
        "The winner's lead is measured in pairs by seed and has its own interval; p is that of a "
        "paired t-test after Holm's correction for {comparisons}."
    )
    comparisons = count(len(compared(state)), "comparison")
    text = joined([mean, lead])
    return text.format(epochs=count(last, "epoch"), comparisons=comparisons)


def _searched(state: dict) -> str:
    """How many candidates were tried, on what, and what that took."""
    settings, jobs = state["settings"], state["side_by_side"]
    text = _(
        "{tried} of {proposed} proposed candidates, on {train}; each run of the search held back "
        "{holdout} % of them and was judged by these."
    )
    spent = _("{spent} of {budget} were spent.")
    if jobs > 1:
        spent = _("{spent} of {budget} were spent, with {jobs} runs side by side.")
    return joined([text, spent]).format(
        tried=tried(state),
        proposed=len(state["candidates"]),
        train=_("{number} training images").format(number=f"{state['data']['train']:,}"),
        holdout=f"{100 * settings['config']['holdout']:g}",
        spent=duration(state["spent"]),
        budget=duration(settings["budget"]),
        jobs=jobs,
    )


def chart(state: dict) -> ModesChart:
    """The accuracies of the test, the winner's first."""
    tested, final = accuracies(state, "final"), state["final"]
    winner = final["modes"][0]
    rows = [
        measured(mode, list(tested[mode].values()), _("(winner)") if mode == winner else "")
        for mode in final["modes"]
        if mode in tested
    ]
    numbers = [len(row.values) for row in rows]
    last = final["last_epochs"]
    text = _("{seeds}, last epoch") if last == 1 else _("{seeds}, mean of the last {epochs}")
    statistic = text.format(seeds=seeds_text(numbers), epochs=count(last, "epoch"))
    if max(numbers) >= INTERVALS_FROM:
        statistic += _(" with 95 % interval")
    names = [state["data"]["name"], state["settings"]["config"]["network"]]
    title = SEPARATOR.join([*names, statistic])
    return ModesChart(title, _(EVAL_ACCURACY), rows, None, colours(final["modes"]))


def _test_table(state: dict) -> Table:
    tested, comparisons = accuracies(state, "final"), compared(state)
    lost = dict.fromkeys(diverged(state, "final"), _("diverged"))
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
    heads = [_("augmentation"), _("eval (%)"), _("seeds"), _("winner's lead (points)"), "p"]
    return [*heads, _("s an epoch")], rows


def _rung_table(state: dict) -> Table:
    rows = []
    for level, rung in enumerate(state["rungs"]):
        planned = state["plan"]["rungs"][level]
        numbers = [level, len(rung["candidates"]), rung["epochs"], len(rung["seeds"])]
        runs = planned["candidates"] * planned["seeds"]
        done = _("{number} of {runs} × {epochs}").format(
            number=len(runs_of(state, f"rung-{level}")),
            runs=runs,
            epochs=count(planned["epochs"], "epoch"),
        )
        rows.append([*map(str, numbers), done])
    heads = [_("rung"), _("candidates"), _("epochs"), _("seeds"), _("runs done of those planned")]
    return heads, rows


def _left_out(state: dict) -> str:
    """What the budget did not suffice for; "" if it sufficed for everything."""
    plan, final, parts = state["plan"], state["final"], []
    unplanned = len(state["candidates"]) - plan["rungs"][0]["candidates"]
    if unplanned > 0:
        text = _("{number} of the proposed candidates were not planned for")
        parts.append(text.format(number=unplanned))
    for level, planned in enumerate(plan["rungs"]):
        if level >= len(state["rungs"]) or not state["rungs"][level]["candidates"]:
            parts.append(_("rung {level} was left out").format(level=level))
            continue
        rung = state["rungs"][level]
        if level:  # candidates that diverged do not reach it
            sound = sum(mean is not None for _, mean in state["rungs"][level - 1]["ranking"])
            planned = planned | {"candidates": min(planned["candidates"], sound)}
        had = _rung_text(len(rung["candidates"]), rung["epochs"], len(rung["seeds"]))
        if had != _rung_text(**planned):
            text = _("rung {level} had {had} instead of {planned}")
            parts.append(text.format(level=level, had=had, planned=_rung_text(**planned)))
        if rung["stopped"]:
            trained = {run["mode"] for run in runs_of(state, f"rung-{level}")}
            missing = [code(mode) for mode in rung["candidates"] if mode not in trained]
            text = _("rung {level} was stopped after {done} of {planned}")
            if missing:
                text = _("rung {level} was stopped after {done} of {planned}, without {modes}")
            done = count(len(runs_of(state, f"rung-{level}")), "run")
            runs = len(rung["candidates"]) * len(rung["seeds"])
            parts.append(
                text.format(level=level, done=done, planned=runs, modes=_(", ").join(missing))
            )
    if final["epochs"] < plan["final"]["epochs"]:
        epochs = count(final["epochs"], "epoch")
        text = _("the test had {epochs} a run instead of {planned}")
        parts.append(text.format(epochs=epochs, planned=plan["final"]["epochs"]))
    if final["stopped"]:
        text = _("the test was stopped after {done} of {planned}")
        done = count(len(runs_of(state, "final")), "run")
        planned = len(final["modes"]) * len(final["seeds"])
        parts.append(text.format(done=done, planned=planned))
    text = _("Left out because of the budget: {parts}.")
    return text.format(parts=_("; ").join(parts)) if parts else ""


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
    heads = [_("rung {level} (%)").format(level=level) for level in range(len(rankings))]
    return [_("candidate, judged on images held back"), *heads, _("s an epoch")], rows


def _mean_text(mean: float | None) -> str:
    return _("diverged") if mean is None else f"{100 * mean:.1f}"


def _epoch_seconds(state: dict, part: str, mode: str) -> float:
    times = [run["epoch_seconds"] for run in runs_of(state, part) if run["mode"] == mode]
    return sum(times) / len(times)


def _rung_text(candidates: int, epochs: int, seeds: int) -> str:
    text = _("{number} candidates, {runs}")
    return text.format(number=candidates, runs=_runs_text(epochs, seeds))


def _runs_text(epochs: int, seeds: int) -> str:
    text = _("{epochs} with {seeds}")
    return text.format(epochs=count(epochs, "epoch"), seeds=count(seeds, "seed"))
