"""In which leaves two JSON values differ, as phrases for an error."""

import json
from collections.abc import Mapping


def json_differences(stored: object, asked: object, name: str = "") -> list[str]:
    """Return one phrase for each leaf that differs; a missing one counts as null.

    Examples
    --------
    >>> json_differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}})
    ['b.c was 2, is 3']
    """
    if isinstance(stored, Mapping) and isinstance(asked, Mapping):
        pairs = [(key, stored.get(key), asked.get(key)) for key in {**asked, **stored}]
        return [d for k, a, b in pairs for d in json_differences(a, b, f"{name}.{k}".lstrip("."))]
    return [] if stored == asked else [f"{name} was {_brief(stored)}, is {_brief(asked)}"]


def _brief(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) < 40 else f"{text[:36]}..."
