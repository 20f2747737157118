"""What the schemes for others' clients sign: one payment, the rest back, and no output twice."""

import subprocess
import sys
from dataclasses import replace

import pytest

from buyer.errors import PaymentRefused, WalletError
from buyer.schemes import payment_maker
from buyer.schemes.payment_maker import MAX_ALONG, PaymentMaker, WantedPayment
from shared.cardano.addresses import enterprise_address
from shared.cardano.coins import Parameters
from shared.cardano.read.transaction import parse
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.loop import in_loop
from tests.support.world.wallets.devnet_wallet import Wallet

NETWORK = "cardano:devnet"
RECIPIENT = enterprise_address(SigningKey.from_seed(bytes(32)).public, NETWORK)
ADA = WantedPayment(RECIPIENT, "lovelace", 2_000_000, 600)


def funded(devnet: DevnetProcess, *coins: int) -> PaymentMaker:
    maker = PaymentMaker(SigningKey.generate(), NETWORK, devnet.url)
    for lovelace in coins:
        devnet.faucet(maker.address, lovelace)
    devnet.blocks()
    return maker


def test_no_two_payments_spend_one_output_while_both_may_land(devnet: DevnetProcess) -> None:
    maker = funded(devnet, 10_000_000, 10_000_000)

    @in_loop
    async def story() -> None:
        first, second = [parse((await maker.make(ADA))[0]) for _ in range(2)]
        assert not set(first.inputs) & set(second.inputs)
        with pytest.raises(PaymentRefused) as refused:
            await maker.make(ADA)
        assert refused.value.code == "funds_short"

    story()


def test_a_payment_ends_before_what_was_asked_for_does(devnet: DevnetProcess) -> None:
    maker = funded(devnet, 10_000_000)

    @in_loop
    async def story() -> None:
        slot = devnet.control("status", method="GET")["slot_now"]
        transaction = parse((await maker.make(ADA))[0])
        assert transaction.expiry_slot is not None
        assert slot < transaction.expiry_slot <= slot + 600
        assert [(output.address, output.lovelace) for output in transaction.outputs[:1]] == [
            (RECIPIENT, 2_000_000)
        ]
        assert {output.address for output in transaction.outputs[1:]} == {maker.address}

    story()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 100}, "payment_impossible"),
        ({"pay_to": "addr1vyzzz"}, "payment_impossible"),
        ({"amount": 11_000_000}, "funds_short"),
        ({"asset": "ab" * 28}, "funds_short"),
    ],
)
def test_what_cannot_be_paid_is_refused(devnet: DevnetProcess, changes: dict[str, object], code: str) -> None:
    maker = funded(devnet, 10_000_000)

    @in_loop
    async def story() -> None:
        with pytest.raises(PaymentRefused) as refused:
            await maker.make(replace(ADA, **changes))  # type: ignore[arg-type]  # by name
        assert refused.value.code == code

    story()


def test_a_chain_service_that_inflates_what_goes_with_tokens_gets_no_signature(
    devnet: DevnetProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = Wallet(seed=77)
    coin = wallet.fund(devnet)
    devnet.submit(wallet.sign(wallet.mint(coin, b"T", 5), script=True))
    devnet.blocks()
    maker = PaymentMaker(wallet.key, NETWORK, devnet.url)

    class Inflated(Blockfrost):
        async def parameters(self) -> Parameters:
            return replace(await super().parameters(), coins_per_utxo_byte=20_000)

    @in_loop
    async def story() -> None:
        wanted = WantedPayment(RECIPIENT, wallet.unit(b"T"), 1, 600)
        raw, nonce = await maker.make(wanted)
        paid = parse(raw)
        assert (dict(paid.outputs[0].tokens), nonce in paid.inputs) == ({wallet.unit(b"T"): 1}, True)
        assert paid.outputs[0].lovelace < MAX_ALONG
        monkeypatch.setattr(payment_maker, "Blockfrost", Inflated)
        with pytest.raises(WalletError) as refused:
            await PaymentMaker(wallet.key, NETWORK, devnet.url).make(wanted)
        assert refused.value.code == "payment_unsafe"

    story()


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("paywall.schemes.x402_server_scheme", "x402", "paywall[x402]"),
        ("paywall.schemes.x402_facilitating", "x402", "paywall[x402]"),
        ("paywall.schemes.pympp_charger", "mpp", "paywall[mpp]"),
        ("buyer.schemes.pympp_payer", "mpp", "paywall[mpp]"),
    ],
)
def test_what_needs_an_extra_says_which(module: str, package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"pip install '{extra}'" in done.stderr.splitlines()[-1]


def test_the_client_scheme_needs_no_package_of_others() -> None:
    code = "import sys; sys.modules['x402'] = None; import buyer.schemes.x402_client_scheme"
    subprocess.run([sys.executable, "-c", code], check=True)
