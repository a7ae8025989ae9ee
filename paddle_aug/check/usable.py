"""What training takes of a data set, faults and all that they spoil left out."""

from collections import Counter, defaultdict

from paddle_aug.check.divide import path_in_list
from paddle_aug.check.survey import Seen, Survey
from paddle_aug.data.content import shared_content
from paddle_aug.data.faults import list_faults, repeats
from paddle_aug.data.samples import Found, Sample, normal_path
from paddle_aug.errors import UserError


def usable(survey: Survey) -> tuple[Found, Counter[str]]:
    """The data that training takes, and the number of images and lines left out, by reason.

    Of the same image in two classes neither stays, as nothing says which label is right; of one in
    both parts the training image stays.

    Raises:
        UserError: the names of the classes are faulty, or nothing of a part would stay.
    """
    found = survey.found
    if wrong := [fault for fault in found.faults if fault.file in found.files[2:]]:
        raise UserError(f"no lists are written; correct this first: {wrong[0]}")
    faults = {*found.faults, *list_faults(found.train, found.eval, found.files[:2])}
    lines = {(fault.file, fault.line) for fault in faults if fault.line}
    refused = _refused(survey)
    left_out = Counter({"faults in lists or folders": len(faults)})

    def kept(samples: list[Sample], file: str) -> list[Sample]:
        samples = [sample for sample in samples if (file, sample.line) not in lines]
        reasons = [refused.get(normal_path(sample)) for sample in samples]
        left_out.update(filter(None, reasons))
        return [sample for sample, why in zip(samples, reasons, strict=True) if not why]

    train, eval_ = map(kept, (found.train, found.eval), found.files[:2])
    leaks = {normal_path(sample) for sample, _ in shared_content(train, eval_)}
    left_out["in both parts"] = len(leaks)
    eval_ = [sample for sample in eval_ if normal_path(sample) not in leaks]
    if not train or (not eval_ and (found.eval or found.files[0] != found.files[1])):
        raise UserError(f"no lists are written: {found.files[bool(train)]} has no image to keep")
    if not any(sample.line for sample in train):  # class folders, of which some may be empty
        return _renumbered(found, train, eval_), +left_out
    return found._replace(train=train, eval=eval_, faults=[]), +left_out


def _refused(survey: Survey) -> dict[str, str]:
    """Why an image is left out, by its normal path."""
    labels = defaultdict(set)
    for image, first in zip(survey.readable, survey.first, strict=True):
        labels[first].add(image.sample.label)
    refused = {
        normal_path(image.sample): "the same as one of another class"
        for image, first in zip(survey.readable, survey.first, strict=True)
        if len(labels[first]) > 1
    }
    for part in (survey.found.train, survey.found.eval):
        for sample, first in repeats(part):
            if sample.label != first.label:
                refused[normal_path(sample)] = "under two labels"
    for image in survey.images:
        if not isinstance(image.seen, Seen):
            refused[normal_path(image.sample)] = "unreadable or not there"
        elif not path_in_list(image.sample.path):
            refused[normal_path(image.sample)] = "with a name that no list can hold"
    return refused


def _renumbered(found: Found, train: list[Sample], eval_: list[Sample]) -> Found:
    """The data with the classes that have a training image."""
    labels = sorted({sample.label for sample in train})
    number = {label: place for place, label in enumerate(labels)}
    parts = (
        [s._replace(label=number[s.label]) for s in part if s.label in number]
        for part in (train, eval_)
    )
    names = [found.class_names[label] for label in labels]
    return Found(found.name, *parts, names, found.files, [], root=found.root)
