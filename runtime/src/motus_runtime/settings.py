"""Settings from environment variables: frozen, documented dataclasses, every fault reported at once."""

import dataclasses
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


T = TypeVar("T", bound=_Dataclass)


class SettingsError(Exception):
    """One or more variables are missing or wrong; the message names them all."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("settings are wrong:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    name: str = "",
) -> Any:
    """A field of a settings dataclass.

    Args:
        default: the value when the variable is not set.
        help: what it does, with its unit.
        minimum: the smallest value allowed, for numbers.
        maximum: the largest value allowed, for numbers.
        choices: the values allowed, for texts; empty: any.
        name: the variable's whole name where the field's own under the prefix does not fit.
    """
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "name": name}
    return dataclasses.field(default=default, metadata=metadata)


def load(cls: type[T], prefix: str, environ: Mapping[str, str] | None = None) -> T:
    """Read `<PREFIX>_<FIELD>` variables into a settings dataclass.

    Raises:
        SettingsError: naming every variable at fault.
    """
    source = os.environ if environ is None else environ
    hints, faults, values = get_type_hints(cls), [], {}
    for field in dataclasses.fields(cls):
        name = variable(field, prefix)
        text = source.get(name)
        if text is None:
            continue
        try:
            values[field.name] = _bounded(_parse(text.strip(), hints[field.name]), field)
        except ValueError as error:
            faults.append(f"{name}={text!r}: {error}")
    if faults:
        raise SettingsError(faults)
    return cls(**values)


def variable(field: "dataclasses.Field[Any]", prefix: str) -> str:
    """The environment variable's name for a field."""
    return field.metadata.get("name") or f"{prefix}_{field.name}".upper()


def _parse(text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError("must be true or false")
        return text.lower() in _TRUE
    if kind is int or kind is float:
        try:
            number = kind(text)
        except ValueError:
            raise ValueError("must be a whole number" if kind is int else "must be a number") from None
        if not math.isfinite(number):
            raise ValueError("must be a finite number")
        return number
    if kind is Path:
        return Path(text).expanduser()
    if kind == tuple[Path, ...]:
        return tuple(Path(part).expanduser() for part in text.split(os.pathsep) if part)
    if kind == tuple[str, ...]:
        return tuple(part for each in text.split(",") if (part := each.strip()))
    return text


def _bounded(value: Any, field: "dataclasses.Field[Any]") -> Any:
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if low is not None and not value >= low:
        raise ValueError(f"must be at least {low:g}")
    if high is not None and not value <= high:
        raise ValueError(f"must be at most {high:g}")
    choices = field.metadata.get("choices")
    if choices and value not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}")
    return value
