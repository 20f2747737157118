"""What came of the checks of one redemption's burn."""

from dataclasses import dataclass
from typing import Literal

from shared.text import counted

#: of one check: pending is too early to say, unchecked cannot be said with what there is
CheckOutcome = Literal["holds", "pending", "broken", "unchecked"]
#: of all: partly is that what could be checked holds, and something could not
Verdict = Literal["holds", "partly", "pending", "broken"]


@dataclass(frozen=True, slots=True)
class ProofCheck:
    """One thing that was looked at, or that could not be."""

    name: str
    outcome: CheckOutcome
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """Every check of one redemption's burn. `confirmations` is 0 while the burn is not on the chain."""

    redemption_id: str
    tx_hash: str | None
    confirmations: int
    required: int
    checks: tuple[ProofCheck, ...]

    @property
    def outcome(self) -> Verdict:
        """Broken when anything is broken, else pending when anything is, else partly when anything is unchecked."""
        outcomes = {check.outcome for check in self.checks}
        if "broken" in outcomes:
            return "broken"
        return "pending" if "pending" in outcomes else "partly" if "unchecked" in outcomes else "holds"

    @property
    def depth(self) -> str:
        """How deep the burn lies, and how deep the buyer wants it: a seller may call it confirmed at another depth."""
        return f"{counted(self.confirmations, 'confirmation')}, this buyer asks for {self.required}"

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The names of the checks that could not be made."""
        return tuple(check.name for check in self.checks if check.outcome == "unchecked")


def say(name: str, *, ok: bool, detail: str) -> ProofCheck:
    return ProofCheck(name, "holds" if ok else "broken", detail)
