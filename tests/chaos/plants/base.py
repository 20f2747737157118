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

    `breaks` is what the verdict must then name: an invariant's number, or a sentence of `paywall reconcile`.
    """

    module: str
    edits: tuple[Edit, ...]
    scenario: str
    breaks: str
