"""What a plant is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """In the function of that name, which the module has once, `old` stands once and becomes `new`.

    `module` is another than the plant's, for a fault that two guards keep out; it may not import the plant's.
    """

    function: str
    old: str
    new: str
    module: str = ""


@dataclass(frozen=True, slots=True)
class Plant:
    """`edits` are made in the source of their modules; `scenario` (of `runs/scenarios.py`) brings the fault to light.

    `breaks` is what the verdict must then name: an invariant's number, or a sentence of `paywall reconcile`.
    """

    module: str
    edits: tuple[Edit, ...]
    scenario: str
    breaks: str

    @property
    def modules(self) -> list[str]:
        return list(dict.fromkeys(edit.module or self.module for edit in self.edits))
