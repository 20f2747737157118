"""How the suite of the payers opens each of them, and the world that it pays in."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from buyer.payers.acklab import AckLabPayer
from buyer.payers.base import Payer, PaymentDraft, Submits
from buyer.payers.cardano import CardanoPayer
from paywall.rails.acklab.acklab_option import AckLabTerms
from paywall.rails.acklab.acklab_rail import AckLabRail
from paywall.rails.acklab.issuers import TrustedIssuers
from paywall.rails.cardano.option import CardanoTerms
from paywall.rails.cardano.rail import CardanoRail
from shared.acklab import AckLabClient
from shared.cardano.addresses import enterprise_address
from shared.chain.acklab_calls import AckLabCalls
from shared.chain.base import Chain
from shared.chain.blockfrost import Blockfrost
from shared.dialects.base import Evidence, StoredRequest
from shared.keys import SigningKey
from shared.tokens import prt
from shared.tokens.prt import PaymentOption
from tests.contract.payers import usdc_way
from tests.contract.payers.worlds import NOW, PRICE, RATE, SELLER, Ledger, Way, World
from tests.support.acklab.ack_lab import AckLab, LabAgent
from tests.support.outside.payer import VoucherPayer
from tests.support.outside.rail import VoucherRail
from tests.support.processes.devnet import DevnetProcess

DEVNET = "cardano:devnet"
CODES = {"spring": 300, "summer": 300, "autumn": 300}


async def shown(payer: Payer, draft: PaymentDraft) -> Evidence:
    """What the seller is shown; a payer that moves the money itself has done so."""
    return payer.sign(await payer.submit(draft) if isinstance(payer, Submits) else draft)


def _cardano(key: SigningKey, chain: Chain | None = None, now: int = NOW) -> CardanoPayer:
    async def connected() -> Chain:
        assert chain is not None, "it asked the chain"
        return chain

    return CardanoPayer(connected, key, DEVNET, ada_price=lambda: RATE, now=lambda: now)


@asynccontextmanager
async def _on_the_devnet(devnet: DevnetProcess) -> AsyncIterator[World]:
    key = SigningKey.generate()
    address = enterprise_address(key.public, DEVNET)
    for _ in range(3):
        devnet.faucet(address, 10_000_000)
    devnet.blocks()
    now = int(devnet.get("/blocks/latest")["time"])
    chain, gone = Blockfrost(devnet.url), Blockfrost("http://127.0.0.1:1", timeout=1)

    def submit(evidence: Evidence) -> bool:
        raw = evidence.payload["transaction"]
        assert isinstance(raw, bytes)
        return devnet.submit(raw).status_code == 200

    def land(evidence: Evidence) -> bool:
        taken = submit(evidence)
        devnet.blocks()
        return taken

    try:
        yield World(
            payer=_cardano(key, chain, now),
            twin=_cardano(key),
            cut_off=_cardano(key, gone),
            rail=CardanoRail(CardanoTerms(DEVNET, CARDANO_OPTION.recipient, RATE, 1, 1), chain, lambda: now),
            now=now,
            books=lambda: (devnet.mempool(), devnet.get(f"/addresses/{address}/utxos")),
            ledger=Ledger(
                land,
                submit,
                lambda seconds: devnet.blocks(1, skip_slots=seconds),
                lambda: devnet.rollback(1),
                lambda tx_hash: devnet.hide(*filter(None, [tx_hash])),
            ),
        )
    finally:
        await chain.aclose()
        await gone.aclose()


@asynccontextmanager
async def _at_the_shop(_devnet: DevnetProcess) -> AsyncIterator[World]:
    yield World(_vouchers(), _vouchers(), None, VoucherRail(CODES, NOW), NOW, lambda: sorted(CODES))


def _vouchers() -> VoucherPayer:
    return VoucherPayer("did:example:payer", list(CODES))


def _account(
    instructions: Callable[[str, str], Awaitable[Mapping[str, Any]]],
    calls: Callable[[], AckLabCalls],
    now: int,
) -> AckLabPayer:
    return AckLabPayer(LAB, calls, instructions, did=SELLER.public.did, now=lambda: now)


def _account_alone(now: int = NOW) -> AckLabPayer:
    async def asked(_token: str, _option_id: str) -> Mapping[str, Any]:
        raise AssertionError("it asked the seller")

    def called() -> AckLabCalls:
        raise AssertionError("it asked ACK Lab")

    return _account(asked, called, now)


@asynccontextmanager
async def _at_ack_lab(_devnet: DevnetProcess) -> AsyncIterator[World]:
    now = int(time.time())
    with AckLab() as lab:
        lab.seller.key = LAB_SELLER
        rail = AckLabRail(
            AckLabTerms(LAB, LAB_SELLER.public.did, "https://seller.example/api/payments"),
            _calls(lab, lab.seller),
            TrustedIssuers([lab.issuer.public.did], lambda: now, lambda: None),
            lambda: now,
            lambda: None,
        )

        async def instructions(token: str, _option_id: str) -> Mapping[str, Any]:
            request = prt.verify(token, [SELLER.public], issuer=SELLER.public.did, now=None)
            return (await rail.prepare(StoredRequest(token, request))).payload

        yield World(
            payer=_account(instructions, lambda: _calls(lab, lab.buyer), now),
            twin=_account_alone(now),
            cut_off=None,
            rail=rail,
            now=now,
            books=lambda: (lab.buyer.cents, lab.seller.cents, len(lab.payments)),
            owner=lab.buyer.did,
        )
        await rail.aclose()


def _calls(lab: AckLab, agent: LabAgent) -> AckLabCalls:
    return AckLabCalls(lab.url, AckLabClient.from_secret(agent.client_id, agent.secret), agent.id, 10)


LAB, LAB_SELLER = "https://acklab.example", SigningKey.from_seed(b"\x05" * 32)
ACKLAB_OPTION = PaymentOption(
    "acklab", 300, 2, "USD", LAB_SELLER.public.did, "acklab", LAB, "https://seller.example/api/payments"
)
RECIPIENT = enterprise_address(SELLER.public, DEVNET)
CARDANO_OPTION = PaymentOption("cardano", 6_000_000, 6, "ADA", RECIPIENT, DEVNET)
WAYS: Mapping[str, Way] = {
    "AckLabPayer": Way(_account_alone, ACKLAB_OPTION, _at_ack_lab, has_ledger=False, has_coins=False),
    "CardanoPayer": Way(lambda: _cardano(SELLER), CARDANO_OPTION, _on_the_devnet, has_ledger=True),
    "UsdcPayer": Way(
        usdc_way.coins_alone, usdc_way.OPTION, usdc_way.on_an_evm, has_ledger=True, has_coins=False
    ),
    "VoucherPayer": Way(_vouchers, VoucherRail({}, NOW).quote(PRICE), _at_the_shop, has_ledger=False),
}
