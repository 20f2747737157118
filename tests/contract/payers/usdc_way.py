"""How the suite of the payers opens the one that pays in USDC, on an EVM in this process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak

from buyer.payers.usdc import UsdcPayer
from paywall.rails.usdc.facilitator import Facilitator
from paywall.rails.usdc.usdc_option import UsdcTerms
from paywall.rails.usdc.usdc_rail import UsdcRail
from shared import strict_json
from shared.chain.evm_chain import EvmChain
from shared.dialects.base import Evidence
from shared.evm.evm_tokens import KNOWN
from shared.tokens.prt import PaymentOption
from tests.contract.payers.worlds import NOW, SELLER, Ledger, World
from tests.support.evm.authorizing import is_usable, use
from tests.support.evm.evm_node import NETWORK, EvmNode
from tests.support.evm.usdc_scene import PAYEE
from tests.support.evm.x402_facilitator import X402Facilitator
from tests.support.processes.devnet import DevnetProcess

#: of each time that some seconds pass
BLOCKS = 4
PAYER = Account.from_key(keccak(b"payer"))
OPTION = PaymentOption("usdc", 3_000_000, 6, "USDC", PAYEE, NETWORK)


class EvmLedger:
    """A node's. What is submitted is in its pool."""

    def __init__(self, node: EvmNode) -> None:
        self._node = node
        self._before = node.tip
        self._hidden: Any = None

    def submit(self, evidence: Evidence) -> bool:
        payload = _payload(evidence)
        if not is_usable(self._node, payload):
            return False
        self._node.hold()
        use(self._node, payload)
        return True

    def land(self, evidence: Evidence) -> bool:
        taken = self.submit(evidence)
        self.blocks(0)
        return taken

    def blocks(self, seconds: int) -> None:
        """A few: fewer than a fork may take back."""
        self._before = self._node.tip
        at = self._node.time + seconds if seconds else None
        self._node.blocks(BLOCKS if seconds else 1, at=at)

    def undo(self) -> None:
        self._node.go_to(self._before)

    def hide(self, external_id: str) -> None:
        if external_id:
            self._hidden = self._node.tip
            self.undo()
        else:
            self._node.go_to(self._hidden)


def _payload(evidence: Evidence) -> dict[str, Any]:
    authorization = strict_json.loads(evidence.payload["authorization"])
    return {"authorization": authorization, "signature": evidence.payload["signature"]}


def _coins(chain: Callable[[], EvmChain] | None, now: int = NOW) -> UsdcPayer:
    return UsdcPayer(PAYER, NETWORK, chain, did=SELLER.public.did, now=lambda: now)


def coins_alone(now: int = NOW) -> UsdcPayer:
    def asked() -> EvmChain:
        raise AssertionError("it asked the network")

    return _coins(asked, now)


@asynccontextmanager
async def on_an_evm(_devnet: DevnetProcess) -> AsyncIterator[World]:
    token = KNOWN[NETWORK]
    with EvmNode() as node, X402Facilitator(node) as facilitator:
        node.mint(PAYER.address, 10_000_000)
        now = node.time
        rail = UsdcRail(
            UsdcTerms(NETWORK, token, PAYEE, 1),
            Facilitator(facilitator.url, None, 5),
            EvmChain(node.url, token.address),
            lambda: now,
        )
        ledger = EvmLedger(node)
        yield World(
            payer=_coins(lambda: EvmChain(node.url, token.address), now),
            twin=coins_alone(now),
            cut_off=_coins(lambda: EvmChain("http://127.0.0.1:1", token.address), now),
            rail=rail,
            now=now,
            books=lambda: (node.balance(PAYER.address), node.balance(PAYEE), node.head),
            owner=f"did:pkh:{NETWORK}:{PAYER.address.lower()}",
            ledger=Ledger(ledger.land, ledger.submit, ledger.blocks, ledger.undo, ledger.hide),
        )
        await rail.aclose()
