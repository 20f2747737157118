"""The only reader of the environment: variables and what they set, from the fields of the settings themselves."""

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from paywall.errors import SetupError
from paywall.rooms import RoomSettings, room_settings
from paywall.settings import Settings, check


def variables() -> dict[str, tuple[str, Any]]:
    """Variable name → (field, default), the rooms' own included."""
    kinds: list[type[RoomSettings | Settings]] = [Settings, *room_settings()]
    return {name: found for kind in kinds for name, found in _variables(kind).items()}


def _variables(kind: type[RoomSettings] | type[Settings]) -> dict[str, tuple[str, Any]]:
    return {
        one.metadata.get("variable", f"PAYWALL_{one.name.upper()}"): (one.name, one.default)
        for one in fields(kind)
        if one.name != "room_settings"
    }


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Errors: SetupError that names the variable and what it takes."""
    own = tuple(kind(**_values(kind, environ)) for kind in room_settings())
    changed = tuple(read for read in own if read != type(read)())
    settings = Settings(**_values(Settings, environ), room_settings=changed)
    known = variables()
    unknown = sorted(name for name in environ if name.startswith("PAYWALL_") and name not in known)
    if unknown:
        # A misspelt limit would be no limit.
        raise SetupError(f"There is no setting {unknown[0]}; README.md lists them.")
    check(settings)
    return settings


def _values(kind: type[RoomSettings] | type[Settings], environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: _read(variable, text, type(default))
        for variable, (name, default) in _variables(kind).items()
        if (text := environ.get(variable, "").strip())
    }


def _read(variable: str, text: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise SetupError(
            f"{variable} must be {'a whole number' if kind is int else 'a number'}, not {text!r}."
        ) from error
