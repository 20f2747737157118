"""What a plant is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """In the function of that name, which the module has once, `old` stands once and becomes `new`."""

    function: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Plant:
    """`edits` are made in the module's source; `scenario` (of `runs/scenarios.py`) brings the fault to light.

    `breaks` is the number of an invariant that the verdict must then name.
    """

    module: str
    edits: tuple[Edit, ...]
    scenario: str
    breaks: str
