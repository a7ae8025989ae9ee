"""Checks that the content of a file has the structure that its readers expect."""

from itertools import repeat

COUNT, PART, TEXT = "a whole number of at least 1", "a number of at least 0", "a string"
WHOLE, NUMBER = "a whole number of at least 0", "a floating-point number"


def misfit(value, schema, name: str) -> str | None:
    """The first way in which a value differs from its schema, in words; None if it fits.

    A schema is a dict of required keys and their schemas; a list of one schema, for all items; a
    tuple of schemas, for a list with an item for each; (None, schema) for an optional value; or,
    for a plain value, one of the names above, int or bool.
    """
    match schema:
        case dict():
            if not isinstance(value, dict):
                return f"{name} must be an object"
            for key, inner in schema.items():
                if key not in value:
                    return f"{name}: {key} is missing"
                if fault := misfit(value[key], inner, f"{name}: {key}"):
                    return fault
            return None
        case [inner]:
            if not isinstance(value, list):
                return f"{name} must be a list"
            misfits = (misfit(item, inner, f"{name} {at}") for at, item in enumerate(value))
            return next(filter(None, misfits), None)
        case (None, inner):
            return None if value is None else misfit(value, inner, name)
        case tuple():
            if not isinstance(value, list) or len(value) != len(schema):
                return f"{name} must be a list of {len(schema)}"
            return next(filter(None, map(misfit, value, schema, repeat(name))), None)
    fits = {
        COUNT: type(value) is int and 0 < value < 2**63,
        PART: type(value) in (int, float) and 0 <= value < 2**63,
        TEXT: isinstance(value, str),
        NUMBER: type(value) is float,
        WHOLE: type(value) is int and 0 <= value < 2**63,
        int: type(value) is int and 0 <= value < 2**32,
        bool: isinstance(value, bool),
    }
    words = {int: "a whole number", bool: "true or false"}.get(schema, schema)
    return None if fits[schema] else f"{name} must be {words}"
