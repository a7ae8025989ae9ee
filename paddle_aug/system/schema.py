"""Checking that what was read from a file has the structure that it must have."""

import numpy as np

COUNT, PART, TEXT = "a whole number above 0", "a number from 0 on", "a text"
WHOLE, NUMBER = "a whole number from 0 on", "a floating-point number"
CURVE = "an array of float64 [epochs]"


def misfit(value, schema, name: str) -> str | None:
    """How a value differs from its schema, in words; None if it does not.

    A schema is a dict of the keys that must be there and their schemas; a list of one schema, that
    of all items; a tuple of two, for a list of two; (None, schema) for what may be None; or, for a
    plain value, a name above or a type.
    """
    match schema:
        case dict():
            if not isinstance(value, dict):
                return f"{name} is no object"
            parts = [(f"{name}: {key}", key, inner) for key, inner in schema.items()]
            missing = (f"{part} is missing" for part, key, _ in parts if key not in value)
            misfits = (misfit(value.get(key), inner, part) for part, key, inner in parts)
            return next(missing, None) or next(filter(None, misfits), None)
        case [inner]:
            if not isinstance(value, list):
                return f"{name} is no list"
            misfits = (misfit(item, inner, f"{name} {at}") for at, item in enumerate(value))
            return next(filter(None, misfits), None)
        case (None, inner):
            return None if value is None else misfit(value, inner, name)
        case (_, _):
            if not isinstance(value, list) or len(value) != 2:
                return f"{name} is no pair"
            return misfit(value[0], schema[0], name) or misfit(value[1], schema[1], name)
    fits = {
        COUNT: type(value) is int and 0 < value < 2**63,
        PART: type(value) in (int, float) and 0 <= value < 2**63,
        TEXT: isinstance(value, str),
        NUMBER: type(value) is float,
        CURVE: isinstance(value, np.ndarray) and (value.dtype, value.ndim) == (np.float64, 1),
        WHOLE: type(value) is int and 0 <= value < 2**63,
        int: type(value) is int and 0 <= value < 2**32,
        bool: isinstance(value, bool),
    }
    return None if fits[schema] else f"{name} is not {getattr(schema, '__name__', schema)}"
