"""The part of a data set that training takes, without faults and all that they spoil."""

from collections import Counter, defaultdict

from paddle_aug.check.divide import path_in_list
from paddle_aug.check.survey import Seen, Survey
from paddle_aug.data.faults import list_faults, repeats
from paddle_aug.data.samples import Found, Sample, normal_path
from paddle_aug.errors import UserError


def usable(survey: Survey) -> tuple[Found, Counter[str]]:
    """The data that training takes, and the number of faults and lines left out, by reason.

    An image in two classes is left out of both, as nothing says which label is right. An image in
    two parts stays in the first.

    Raises:
        UserError: the names of the classes are faulty, or no image of a part would stay.
    """
    found = survey.found
    if wrong := [fault for fault in found.faults if fault.file in found.files[3:]]:
        raise UserError(f"no lists are written; correct this first: {wrong[0]}")
    faults = {*found.faults, *list_faults(found)}
    lines = {(fault.file, fault.line) for fault in faults if fault.line}
    refused = _refused(survey)
    contents = {normal_path(image.sample): image.seen.content for image in survey.readable}
    left_out = Counter({"faults in lists or folders": len(faults)})
    parts: list[list[Sample]] = []
    earlier: set[bytes] = set()
    for number, (file, samples) in enumerate(found.parts):
        listed = [sample for sample in samples if (file, sample.line) not in lines]
        for path in map(normal_path, listed):
            if contents.get(path) in earlier:
                refused.setdefault(path, "in two parts")
        part = [sample for sample in listed if normal_path(sample) not in refused]
        if not part and (samples or file not in found.files[:number]):
            raise UserError(f"no lists are written: {file} has no image to keep")
        left_out.update(refused[path] for path in map(normal_path, listed) if path in refused)
        earlier.update(contents[normal_path(sample)] for sample in part)
        parts.append(part)
    if not any(sample.line for sample in parts[0]):  # class folders, and some may be empty now
        return _renumbered(found, parts), +left_out
    train, eval_, test = parts
    return found._replace(train=train, eval=eval_, test=test, faults=[]), +left_out


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
    for _, part in survey.found.parts:
        for sample, first in repeats(part):
            if sample.label != first.label:
                refused[normal_path(sample)] = "under two labels"
    for image in survey.images:
        if not isinstance(image.seen, Seen):
            refused[normal_path(image.sample)] = "unreadable or not there"
        elif not path_in_list(image.sample.path):
            refused[normal_path(image.sample)] = "with a name that no list can hold"
    return refused


def _renumbered(found: Found, parts: list[list[Sample]]) -> Found:
    """The data with the classes that have a training image."""
    labels = sorted({sample.label for sample in parts[0]})
    number = {label: place for place, label in enumerate(labels)}
    train, eval_, test = (
        [s._replace(label=number[s.label]) for s in part if s.label in number] for part in parts
    )
    names = [found.class_names[label] for label in labels]
    return found._replace(train=train, eval=eval_, test=test, class_names=names, faults=[])
