"""How the suite of the payers opens each of them, and the world that it pays in."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from buyer.payers.base import Payer
from buyer.payers.cardano import CardanoPayer
from paywall.rails.base import Rail
from paywall.rails.cardano.option import CardanoTerms
from paywall.rails.cardano.rail import CardanoRail
from shared.cardano.addresses import enterprise_address
from shared.chain.base import Chain
from shared.chain.blockfrost import Blockfrost
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens.prt import PaymentOption
from tests.support.outside.payer import VoucherPayer
from tests.support.outside.rail import VoucherRail
from tests.support.processes.devnet import DevnetProcess

NOW, LIFE = 1_800_000_000, 900
PRICE, RATE = Money(300, "USD", 2), Money(50, "USD", 2)
SELLER, DEVNET = SigningKey.generate(), "cardano:devnet"
CODES = {"spring": 300, "summer": 300, "autumn": 300}


@dataclass(frozen=True)
class Ledger:
    """Where the payment can be seen. `land` brings it about as the seller would; whether the ledger took it."""

    land: Callable[[Evidence], bool]
    submit: Callable[[Evidence], object]
    blocks: Callable[[int], object]
    undo: Callable[[], object]


@dataclass(frozen=True)
class World:
    """A payer with money for two payments or more, and the seller's rail. `books` are all that a payment changes.

    `twin` is of the same wallet and fails when it asks anybody; nobody answers `cut_off` (None: it asks nobody).
    """

    payer: Payer
    twin: Payer
    cut_off: Payer | None
    rail: Rail
    now: int
    books: Callable[[], object]
    ledger: Ledger | None = None


@dataclass(frozen=True)
class Way:
    """How the suite opens a payer: `alone` where nobody can be asked; `option` is what `PRICE` is in its rail."""

    alone: Callable[[], Payer]
    option: PaymentOption
    world: Callable[[DevnetProcess], AbstractAsyncContextManager[World]]
    has_ledger: bool


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
                land, submit, lambda seconds: devnet.blocks(1, skip_slots=seconds), lambda: devnet.rollback(1)
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


RECIPIENT = enterprise_address(SELLER.public, DEVNET)
CARDANO_OPTION = PaymentOption("cardano", 6_000_000, 6, "ADA", RECIPIENT, DEVNET)
WAYS: Mapping[str, Way] = {
    "CardanoPayer": Way(lambda: _cardano(SELLER), CARDANO_OPTION, _on_the_devnet, has_ledger=True),
    "VoucherPayer": Way(_vouchers, VoucherRail({}, NOW).quote(PRICE), _at_the_shop, has_ledger=False),
}
