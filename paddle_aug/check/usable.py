"""What training takes of a data set, faults and all that they spoil left out."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain

from paddle_aug.check.divide import path_in_list
from paddle_aug.check.survey import Seen, Survey
from paddle_aug.data.faults import list_faults, repeats
from paddle_aug.data.samples import Found, Sample, first_of_each, normal_path
from paddle_aug.errors import UserError


def usable(survey: Survey) -> tuple[Found, Counter[str]]:
    """The data that training takes, and the number of images and lines left out, by reason.

    Of the same image in two classes neither stays, as nothing says which label is right; of one in
    two parts that in the first stays.

    Raises:
        UserError: the names of the classes are faulty, or nothing of a part would stay.
    """
    found = survey.found
    if wrong := [fault for fault in found.faults if fault.file in found.files[3:]]:
        raise UserError(f"no lists are written; correct this first: {wrong[0]}")
    faults = {*found.faults, *list_faults(found)}
    lines = {(fault.file, fault.line) for fault in faults if fault.line}
    refused = _refused(survey)
    contents = {normal_path(image.sample): image.seen.content for image in survey.readable}
    left_out = Counter({"faults in lists or folders": len(faults)})

    def kept(file: str, samples: Sequence[Sample]) -> list[Sample]:
        samples = [sample for sample in samples if (file, sample.line) not in lines]
        reasons = [refused.get(normal_path(sample)) for sample in samples]
        left_out.update(filter(None, reasons))
        return [sample for sample, why in zip(samples, reasons, strict=True) if not why]

    parts: list[list[Sample]] = []
    for number, (file, samples) in enumerate(found.parts):
        before = {contents[normal_path(sample)] for sample in chain(*parts)}
        part = kept(file, samples)
        parts.append([s for s in part if contents[normal_path(s)] not in before])
        left_out["in two parts"] += len(first_of_each(part)) - len(first_of_each(parts[-1]))
        if not parts[-1] and (samples or file not in found.files[:number]):
            raise UserError(f"no lists are written: {file} has no image to keep")
    if not any(sample.line for sample in parts[0]):  # class folders, of which some may be empty
        return _renumbered(found, parts), +left_out
    train, eval_, test = [*parts, []][:3]
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
    return Found(found.name, train, eval_, names, found.files, [], root=found.root, test=test)
