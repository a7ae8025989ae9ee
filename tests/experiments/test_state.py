"""What compare.json and search.json must hold: a damaged file ends with one message."""

import copy
import json
from pathlib import Path

import pytest
from made_search import state_of

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.experiments.state import COMPARISON, SEARCH, read_state, refuse_other
from paddle_aug.system import plugins
from paddle_aug.training.fit import named_files

STATE = state_of({"hflip": [0.5]})


@pytest.fixture
def read(tmp_path):
    def read(state, schema=SEARCH):
        file = tmp_path / "state.json"
        file.write_text(state if isinstance(state, str) else json.dumps(state), encoding="utf-8")
        return read_state(file, schema)

    return read


def test_a_search_that_was_stopped_at_any_point_is_read_and_so_is_one_of_earlier_versions(read):
    empty = {"final": None, "rungs": [], "plan": None, "runs": []}
    for missing in ({}, {"final": None}, empty, {"version": 1}):
        state = {**STATE, **missing}
        assert read(state) == state


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("settings", "budget"), "60", "it: settings: budget must be a"),
        (("settings",), [], "it: settings must be a"),
        (("data", "eval"), -1, "it: data: eval must be a"),
        (("candidates",), "hflip", "it: candidates must be a"),
        (("runs", 0, "seconds"), float("nan"), "it: runs 0: seconds must be a"),
        (("runs", 0, "accuracy"), 10**400, "it: runs 0: accuracy must be a"),
        (("runs", 0, "seed"), True, "it: runs 0: seed must be a"),
        (("runs", 0), {}, "it: runs 0: part is missing"),
        (("rungs", 0, "ranking"), [["hflip"]], "it: rungs 0: ranking 0 must be a"),
        (("final", "modes"), None, "it: final: modes must be a"),
    ],
)
def test_a_damaged_search_is_refused(read, path, value, fault):
    state = copy.deepcopy(STATE)
    *above, last = path
    inside = state
    for key in above:
        inside = inside[key]
    inside[last] = value
    with pytest.raises(UserError, match=rf"state\.json is damaged: {fault}.*; give another --out"):
        read(state)


@pytest.mark.parametrize("schema", [COMPARISON, SEARCH])
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", ".*"),
        ("[" * 200_000, "it is nested too deeply"),
        ("[]", "it must be an object"),
        ('{"settings": {}}', r"it: settings: \w+ is missing"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(read, content, fault, schema):
    with pytest.raises(UserError, match=rf"state\.json is damaged: {fault}; give another --out"):
        read(content, schema)


def test_a_state_of_a_later_version_is_refused(read):
    with pytest.raises(UserError, match="was written by another version of paddle_aug"):
        read({**STATE, "version": 2})


@pytest.mark.parametrize(
    ("before", "now", "difference"),
    [
        ({"budget": 450.0}, {"budget": 1000.0}, "--budget 7m30s, but this one has 16m40s"),
        ({"seeds": 3}, {"seeds": 4}, "--seeds 3, but this one has 4"),
        ({"rates": []}, {"rates": [0.1]}, "--learning-rates none, but this one has 0.1"),
        ({"config": {"epochs": 2}}, {"config": {"epochs": 3}}, "--epochs 2, but this one has 3"),
        (  # an option that did not exist then
            {"config": {}}, {"config": {"learning_rate": 0.5}},
            "--learning-rate 0.0001, but this one has 0.5",
        ),
        (  # which was then linear in all of them
            {"config": {}}, {"config": {"interpolation": "area"}},
            "--interpolation linear, but this one has area",
        ),
    ],
)  # fmt: skip
def test_other_settings_are_refused_by_the_name_of_the_option(before, now, difference):
    states = [
        {"settings": {"config": {}, **settings}, "data": {"fingerprint": "0"}}
        for settings in (before, now)
    ]
    with pytest.raises(UserError) as error:
        refuse_other(Path("search.json"), "search", *states)
    assert str(error.value) == (
        f"search.json is a search with {difference}; give the same to continue it, or another --out"
    )


def test_a_setting_that_did_not_exist_when_a_search_began_has_its_default():
    now = copy.deepcopy(STATE)
    now["settings"]["config"] |= {"learning_rate": 1e-4, "interpolation": "linear"}
    refuse_other(Path("search.json"), "search", STATE, now)


def test_weights_or_class_weights_of_another_content_under_the_same_name_are_refused(tmp_path):
    weights, classes = tmp_path / "w.pdparams", tmp_path / "classes.txt"
    weights.write_bytes(b"1")
    classes.write_text("cat 1")
    config = TrainConfig(pretrained=str(weights), class_weights=str(classes))

    def state():
        settings = {"config": {"pretrained": "w.pdparams", "class_weights": "classes.txt"}}
        return {"settings": settings, "data": {"fingerprint": "0"}, **named_files(config)}

    before = state()
    refuse_other(Path("compare.json"), "comparison", before, state())
    refuse_other(Path("compare.json"), "comparison", {**before, "files": {}}, state())
    classes.write_text("cat 2")
    with pytest.raises(UserError, match=r"--class-weights classes\.txt, and that file has changed"):
        refuse_other(Path("compare.json"), "comparison", before, state())
    weights.write_bytes(b"2")
    with pytest.raises(UserError) as error:
        refuse_other(Path("compare.json"), "comparison", before, state())
    assert str(error.value) == (
        "compare.json is a comparison with --pretrained w.pdparams, and that file has changed "
        "since; give another --out"
    )


def test_code_that_changed_since_a_search_began_is_told(monkeypatch, caplog):
    monkeypatch.setattr(plugins, "_loaded", {"my_ops.py": "new"})
    refuse_other(Path("search.json"), "search", {**STATE, "imports": {"my_ops.py": "new"}}, STATE)
    assert not caplog.messages
    refuse_other(Path("search.json"), "search", {**STATE, "imports": {"my_ops.py": "old"}}, STATE)
    (message,) = caplog.messages
    assert message.startswith("changed since this search began: my_ops.py; runs that are finished")


def test_a_finished_comparison_can_be_repeated_without_its_start(tmp_path):
    settings = {"config": {"pretrained": "none.pdparams"}}
    now = {"settings": settings, "data": {"fingerprint": "0"}}
    before = {**now, "files": {"pretrained": "0"}}
    now |= named_files(TrainConfig(pretrained="none.pdparams"))
    refuse_other(Path("compare.json"), "comparison", before, now)
