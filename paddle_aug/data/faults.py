"""The check before training: all faults of all lists and images, in one report."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from paddle_aug.data.cache import Filling, decode
from paddle_aug.data.content import shared_content
from paddle_aug.data.samples import Fault, Found, Part, Sample, first_of_each, normal_path
from paddle_aug.errors import UserError

MAX_PRINTED = 50


def report(
    faults: Sequence[Fault], names: Sequence[str], notes: Sequence[str] = (), without: str = ""
) -> None:
    """Raise one UserError with all faults, if there are any, in the order of `names` and lines.

    `notes` come before the last line, which says what to do; `without` is the command that writes
    lists without the faulty lines and files.
    """
    if not faults:
        return
    ordered = in_order(faults, names)
    count = len(ordered)
    first = map(str, ordered[:MAX_PRINTED])
    lines = [f"the data has {count:,} fault{'s' if count > 1 else ''}:", *first]
    if count > MAX_PRINTED:
        lines.append(f"… and {count - MAX_PRINTED:,} more")
    lines += [*notes, "Correct or remove these lines or files, then run again."]
    if without:
        lines[-1] += f" Or write lists without them: {without}"
    raise UserError("\n".join(lines))


def in_order(faults: Iterable[Fault], names: Sequence[str]) -> list[Fault]:
    """Each fault once, in the order of the files' names, lines and reasons."""
    order = {name: place for place, name in reversed(list(enumerate(names)))}
    return sorted(set(faults), key=lambda fault: (order[fault.file], fault.line, fault.reason))


def list_faults(found: Found) -> list[Fault]:
    """Images under two labels, and images in two parts, by their paths.

    A repeated line is no fault: repeating the images of a rare class is a known trick.
    """
    faults = []

    def shown(label: int) -> str:
        return found.class_names[label] if found.labels_named else str(label)

    for name, samples in found.parts:
        for sample, first in repeats(samples):
            if sample.label != first.label:
                reason = (
                    f"{sample.path} has label {shown(sample.label)}, "
                    f"but label {shown(first.label)} on line {first.line}"
                )
                faults.append(Fault(name, sample.line, reason))
    for (earlier, before), (name, samples) in combinations(found.parts, 2):
        first_before = first_of_each(before)
        for sample in samples:
            there = first_before.get(normal_path(sample))
            if there and there.line:
                reason = (
                    f"{sample.path} is on line {there.line} of {earlier} too; "
                    "evaluate on other images"
                )
                faults.append(Fault(name, sample.line, reason))
    return faults


def repeats(samples: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    """Each sample that lists an image again, with the first sample of that image."""
    first = first_of_each(samples)
    pairs = ((sample, first[normal_path(sample)]) for sample in samples)
    return [(sample, earlier) for sample, earlier in pairs if earlier is not sample]


def image_faults(parts: Sequence[Part], filled: Filling | None = None) -> list[Fault]:
    """Faults of images: missing, unreadable, truncated, or the same content in two parts.

    Every file is decoded once, into `filled` if that has a place for it. Images that are in a full
    store are not decoded again.
    """
    distinct = {s.file: s for _, samples in parts for s in samples if s.pixels is None}
    known = filled.store.places if filled and not filled.lacking else {}
    to_read = [sample for file, sample in distinct.items() if file not in known]
    reasons = decode(to_read, filled, "checking images")
    faults, readable = [], []
    for name, samples in parts:
        for sample in samples:
            if sample.file in reasons:
                reason = f"{sample.path}: {reasons[sample.file]}"
                faults.append(Fault(name, sample.line, reason))
        readable.append((name, [sample for sample in samples if sample.file not in reasons]))
    for (earlier, before), (name, samples) in combinations(readable, 2):
        for sample, same in shared_content(before, samples):
            where = f" on line {same.line} of {earlier}" if same.line else ""
            reason = f"{sample.path} is the same image as {same.path}{where}"
            faults.append(Fault(name, sample.line, reason))
    return faults
