"""A seller that wants two confirmations, and a payer whose wallet can write wrong transactions."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paywall.ops.reconcile import Reconciliation
from paywall.sales.tables import PaymentRequestRow
from shared.cardano.addresses import enterprise_address
from shared.cardano.metadata import payment_metadata
from shared.cardano.read.transaction import TransactionError, parse
from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.tokens import jws
from shared.tokens.prt import token_hash
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.image_maker import PlainMaker
from tests.support.world.scenes.stage import Stage, open_stage
from tests.support.world.seller import NETWORK, Payer, shown
from tests.support.world.wallets.devnet_wallet import OUTPUTS, TTL, Wallet

STRANGER = SigningKey.from_seed(b"\x77" * 32)
ELSEWHERE = enterprise_address(STRANGER.public, NETWORK)


@dataclass(frozen=True)
class PaymentScene:
    """The helper that each test is given."""

    stage: Stage
    devnet: DevnetProcess
    wallet: Wallet
    payer: Payer

    def buy(self, *, holder: bool = True) -> str:
        return self.stage.run(self.payer.buy(1, holder=holder))

    def refused(
        self, payload: str, status: int, code: str, adds: dict[str, int] | None = None
    ) -> dict[str, Any]:
        answer = self.stage.refused(lambda: self.stage.seller.claim(payload), status, code, adds)
        body: dict[str, Any] = answer.json()
        return body

    def build(self, token: str, **changes: Any) -> bytes:
        return self.stage.run(self.payer.build(token, **changes)).raw

    def land(self, raw: bytes, blocks: int = 2) -> str:
        """On chain, past the seller; the transaction's hash."""
        answer = self.devnet.submit(raw)
        assert answer.status_code == 200, answer.text
        self.devnet.blocks(blocks)
        return str(answer.json())

    def claim_by(self, key: SigningKey, token: str, **proof: Any) -> str:
        evidence = Evidence(token, "cardano", key.public.did, NETWORK, shown(**proof))
        return claim_token(evidence, key, now=self.stage.seller.now())

    def body(self, token: str) -> dict[int, Any]:
        """Of a right payment, for a test to spoil."""
        option = self.payer.option(token)
        coin = max(self.wallet.coins(self.devnet), key=lambda coin: coin.lovelace)
        body = self.wallet.body(coin, pay=[(option.recipient, option.amount)])
        return body | {TTL: int(self.devnet.get("/blocks/latest")["slot"]) + 300}

    def signed(self, token: str, **changes: Any) -> bytes:
        """A payment by hand; `changes` are `pay` (outputs), `fields` of the body and `metadata`."""
        body = self.body(token)
        if "pay" in changes:
            coin = max(self.wallet.coins(self.devnet), key=lambda coin: coin.lovelace)
            body[OUTPUTS] = self.wallet.body(coin, pay=changes["pay"])[OUTPUTS]
        body |= changes.get("fields", {})
        return self.wallet.sign(
            {field: value for field, value in body.items() if value is not None},
            metadata=changes.get("metadata", payment_metadata(token_hash(token))),
        )

    def expired_request(self) -> str:
        """A stored payment request, signed by the seller, that expired a minute ago."""
        now, request_id = self.stage.seller.now(), str(uuid.uuid4())
        good = jws.unverified(self.buy())[1]
        stamp = {"iat": now - 120, "exp": now - 60, "expiresAt": _iso(now - 60)}
        token = jws.sign({**good, **stamp, "id": request_id, "sub": request_id}, self.stage.key)
        row = PaymentRequestRow(
            id=request_id,
            token=token,
            product="image-credit",
            credits=1,
            price=100,
            currency="USD",
            holder=self.payer.did,
            created_at=now - 120,
            expires_at=now - 60,
        )
        self.stage.run(self.stage.seller.parts.database.transact(lambda tx: tx.session.add(row)))
        return token

    def submitted(self, raw: bytes) -> bool:
        """Whether the devnet knows the transaction."""
        try:
            tx_hash = parse(raw).id
        except TransactionError:
            return False
        waiting = self.devnet.control("status", method="GET")["mempool"]
        return tx_hash in waiting or self.devnet.ask(f"/txs/{tx_hash}").status_code == 200

    def surplus(self) -> dict[str, dict[str, Any]]:
        """Transaction → what `reconcile` says of the payment that opened no credits."""
        parts = self.stage.seller.parts
        checks = self.stage.run(Reconciliation(parts.database, self.stage.seller.custody, parts.chain).run())
        assert all(check.holds for check in checks)
        return {check.figures["transaction"]: check.figures for check in checks if "surplus" in check.name}


@contextmanager
def open_payment_scene(devnet: DevnetProcess, folder: Path) -> Iterator[PaymentScene]:
    with open_stage(devnet, folder, maker=PlainMaker(), confirmations=2) as stage:
        wallet = Wallet(seed=0x51)
        payer = Payer(devnet, stage.seller, wallet.key)
        payer.fund()
        yield PaymentScene(stage, devnet, wallet, payer)


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
