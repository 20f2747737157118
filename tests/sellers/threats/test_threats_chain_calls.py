"""What a stranger's claim costs in looks at the chain, which the seller pays for."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.world.scenes.payment_scene import PaymentScene
from tests.support.world.wallets.devnet_wallet import INPUTS


@contextmanager
def counted(paying: PaymentScene) -> Iterator[Counter[str]]:
    """How often the rail calls each of the chain's methods in the block."""
    rail: Any = next(iter(paying.stage.seller.parts._adapters.rails))
    chain, calls = rail._chain, Counter[str]()

    class Counted:
        def __getattr__(self, name: str) -> Any:
            calls[name] += 1
            return getattr(chain, name)

    rail._chain = Counted()
    yield calls
    rail._chain = chain


def test_a_claim_of_strangers_outputs_costs_one_look_however_many_they_are(paying: PaymentScene) -> None:
    token, others = paying.buy(), []
    for number in range(10):
        tx_hash = paying.devnet.faucet(paying.stage.seller.custody.address, 2_000_000 + number)
        paying.devnet.blocks()
        others.append((bytes.fromhex(tx_hash), 0))
    raw = paying.signed(token, fields={INPUTS: others})
    with counted(paying) as calls:
        body = paying.refused(paying.payer.claim(token, raw=raw), 402, "payment_mismatch")
    assert "signed" in body["detail"]
    assert calls["ends"] == 1
