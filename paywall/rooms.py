"""The settings that a room brings of its own: what they are, and how they are found without a list of rooms."""

import pkgutil
from collections.abc import Iterator
from dataclasses import Field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Protocol

#: whose rooms may bring settings
ROOMS = ("paywall", "paywall.rails", "paywall.products")


class RoomSettings(Protocol):
    """The settings of a room: a frozen dataclass, which the room's `settings.py` names SETTINGS.

    Its fields are variables with their defaults. A rule is what must hold, and the sentence for when it does not.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    #: whether a rail asks the chain of PAYWALL_NETWORK
    needs_chain: ClassVar[bool]

    @property
    def embedded(self) -> str:
        """The part that stands in for one that is not set; empty for none."""

    def rules(self) -> Iterator[tuple[bool, str]]: ...


def room_settings() -> list[type[RoomSettings]]:
    """What the rooms bring, whether they are on offer or not; nothing else of them is imported."""
    names = [
        f"{place}.{room.name}.settings"
        for place in ROOMS
        for room in pkgutil.iter_modules(import_module(place).__path__)
        if room.ispkg
    ]
    return [import_module(name).SETTINGS for name in sorted(names) if find_spec(name)]
