"""What the chain alone says of a token's supply, and whether it can still grow. Pure.

Nobody's word is taken: the policy id is computed from the script on chain (or from the key that signed the
mint), the parameters are read out of that script, and the mint is judged by its own bytes. A chain service
could hide a mint from us; under the policy of a fixed supply the ledger would not have let it happen.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from shared.cardano.addresses import key_hash
from shared.cardano.assets import Asset
from shared.cardano.fixed_supply import FixedSupply, NotFixedSupplyError, read
from shared.cardano.policy import NativeScript
from shared.cardano.read.cbor import CborError, Reader
from shared.cardano.read.transaction import ParsedTransaction, TransactionError, parse

PolicyKind = Literal["fixed", "native", "unknown"]


@dataclass(frozen=True, slots=True)
class AuditEvidence:
    """`events` are (transaction hash, quantity, below zero for a burn), oldest first; `circulating` is what is
    left by the service's own count; `first_mint` the bytes of the first event's transaction; `script` what the
    service shows for the policy id."""

    asset: Asset
    events: Sequence[tuple[str, int]]
    circulating: int | None
    first_mint: bytes | None
    script: bytes | None


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """One thing that was looked at."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """`supply` are the parameters of a fixed supply's script; `verdict` says whether more can be minted.

    `mint` is the hash of the first mint's transaction.
    """

    asset: Asset
    kind: PolicyKind
    mint: str | None
    minted: int
    burned: int
    supply: FixedSupply | None
    checks: tuple[AuditCheck, ...]
    verdict: str

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """As one JSON object."""
        parameters = self.supply and {
            "seed": f"{self.supply.seed[0]}#{self.supply.seed[1]}",
            "name": self.supply.name.hex(),
            "quantity": self.supply.quantity,
            "custodian": self.supply.custodian.hex(),
        }
        return {
            "token": self.asset.dotted,
            "policy": self.kind,
            "policy_id": self.asset.policy_id,
            "parameters": parameters,
            "mint": self.mint,
            "minted": self.minted,
            "burned": self.burned,
            "left": self.minted - self.burned,
            "holds": self.holds,
            "verdict": self.verdict,
            "checks": [
                {"name": check.name, "holds": check.holds, "detail": check.detail} for check in self.checks
            ],
        }

    def lines(self) -> list[str]:
        """For people."""
        shown = self.as_json()
        facts = [f"{name:<10} {shown[name]}" for name in ("token", "policy", "policy_id")]
        facts += [f"{name:<10} {value}" for name, value in (shown["parameters"] or {}).items()]
        facts += [f"{name:<10} {shown[name]:,}" for name in ("minted", "burned", "left")]
        checks = [
            f"{'holds' if check.holds else 'BROKEN':<10} {check.name}: {check.detail}"
            for check in self.checks
        ]
        return [*facts, *checks, self.verdict]


def judge(evidence: AuditEvidence) -> Audit:
    """Every check that the evidence allows."""
    minted = sum(quantity for _, quantity in evidence.events if quantity > 0)
    burned = -sum(quantity for _, quantity in evidence.events if quantity < 0)
    mint, checks = _mint(evidence)
    supply, holder = _supply(evidence), _holder(evidence, mint)
    kind: PolicyKind = "fixed" if supply else "native" if holder else "unknown"
    checks.append(_policy(evidence, supply, holder))
    if supply is not None:
        checks += _fixed(evidence, supply, mint)
    left = evidence.circulating
    checks.append(
        AuditCheck("count", left == minted - burned, f"{minted} − {burned}; the service counts {left} left")
    )
    sound = all(check.holds for check in checks)
    return Audit(
        asset=evidence.asset,
        kind=kind,
        mint=None if mint is None else mint.id,
        minted=minted,
        burned=burned,
        supply=supply,
        checks=tuple(checks),
        verdict=_verdict(kind, holder, sound=sound),
    )


def _mint(evidence: AuditEvidence) -> tuple[ParsedTransaction | None, list[AuditCheck]]:
    """The first mint, believed when its bytes hash to its id and mint what the service says."""
    if not evidence.events:
        return None, [AuditCheck("mint", False, "the chain knows no such token")]
    tx_hash, quantity = evidence.events[0]
    try:
        parsed = parse(evidence.first_mint or b"")
    except TransactionError as error:
        return None, [AuditCheck("mint", False, f"{tx_hash}: {error}")]
    good = parsed.id == tx_hash and parsed.mint.get(evidence.asset.unit) == quantity > 0
    return parsed if good else None, [AuditCheck("mint", good, f"{quantity} tokens in {tx_hash}")]


def _supply(evidence: AuditEvidence) -> FixedSupply | None:
    """The parameters in the script, when it is a fixed supply's and hashes to the policy id.

    Some services show the script's bytes, some wrap them in CBOR once more: the hash says which it is.
    """
    shown = [evidence.script] if evidence.script else []
    with suppress(CborError):
        shown += [item for item in [Reader(raw).item() for raw in shown] if isinstance(item, bytes)]
    for script in shown:
        try:
            supply = read(script)
        except NotFixedSupplyError:
            continue
        if supply.policy_id == evidence.asset.policy_id:
            return supply
    return None


def _holder(evidence: AuditEvidence, mint: ParsedTransaction | None) -> str | None:
    """The hash of the key whose signature alone is the policy, in hex; found among those who signed the mint."""
    for signer in () if mint is None else mint.signers:
        if NativeScript(key_hash(signer)).policy_id == evidence.asset.policy_id:
            return key_hash(signer).hex()
    return None


def _policy(evidence: AuditEvidence, supply: FixedSupply | None, holder: str | None) -> AuditCheck:
    policy_id = evidence.asset.policy_id
    if supply is not None:
        return AuditCheck("policy", True, f"the script on chain hashes to {policy_id}")
    if holder is not None:
        return AuditCheck("policy", True, f"one signature, of key {holder}, hashes to {policy_id}")
    return AuditCheck("policy", False, f"neither a fixed supply's script nor a key hashes to {policy_id}")


def _fixed(evidence: AuditEvidence, supply: FixedSupply, mint: ParsedTransaction | None) -> list[AuditCheck]:
    mints = [quantity for _, quantity in evidence.events if quantity > 0]
    spent = mint is not None and supply.seed in mint.inputs
    return [
        AuditCheck(
            "name", supply.name == evidence.asset.name, f"the script allows {supply.name.hex()} alone"
        ),
        AuditCheck(
            "once", mints == [supply.quantity], f"minted {mints}; the script allows {supply.quantity} once"
        ),
        AuditCheck("seed", spent, f"{supply.seed[0]}#{supply.seed[1]}, which a mint needs, is spent by it"),
    ]


def _verdict(kind: PolicyKind, holder: str | None, *, sound: bool) -> str:
    if not sound:
        return "This does not hold together: do not rely on this supply."
    if kind == "fixed":
        return "No more can ever be minted: the script asks for an output that is spent."
    return f"More can be minted at any time by the holder of key {holder}: this supply is a promise."
