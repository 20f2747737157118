import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cardano import fees
from shared.cardano.addresses import InvalidAddressError
from shared.cardano.assets import Asset
from shared.cardano.coins import Shortage, Utxo
from shared.cardano.draft import Built, Draft
from shared.cardano.make import build
from shared.cardano.read.transaction import parse
from tests.unit.cardano.cardano_samples import (
    ASSET,
    EXPIRY,
    HASH,
    KEY,
    NETWORK,
    OTHER,
    OURS,
    PARAMETERS,
    POLICY,
    THEIRS,
    burn,
    mint,
    payment,
    signed,
    utxo,
)


def balances(built: Built) -> None:
    """Assert the ledger's equation: what goes in and is minted comes out, is paid as fee, or is burned."""
    parsed = parse(built.raw)
    assert parsed.inputs == tuple(spent.reference for spent in built.inputs)
    assert (
        sum(spent.lovelace for spent in built.inputs) == sum(o.lovelace for o in parsed.outputs) + parsed.fee
    )
    units = {unit for spent in built.inputs for unit in spent.tokens} | set(parsed.mint)
    for unit in units:
        spent = sum(entry.tokens.get(unit, 0) for entry in built.inputs)
        assert spent + parsed.mint.get(unit, 0) == sum(o.tokens.get(unit, 0) for o in parsed.outputs)


def test_a_burn_of_a_thousand_costs_no_more_than_the_reference_says() -> None:
    built = signed(burn(utxo(1, 50_000_000, CREATE=10_000), count=1000))
    # reference/cardano.md has 411 bytes and 173,421 without version and sum in the metadata: 10 bytes here.
    # Ours leaves out the optional set tags.
    assert (len(built.raw), built.fee) == (416, 173_641)
    balances(built)


@pytest.mark.parametrize(
    "draft",
    [payment(utxo(1, 10_000_000)), mint(utxo(1, 10_000_000)), burn(utxo(1, 10_000_000, CREATE=5), count=5)],
    ids=["payment", "mint", "burn"],
)
def test_the_fee_is_the_least_and_the_size_that_of_the_signed_bytes(draft: Draft) -> None:
    built = signed(draft)
    assert built.fee == fees.least_fee(len(built.raw), PARAMETERS)
    assert draft.size() == len(built.raw)
    balances(built)


def test_change_at_the_edge_of_a_longer_number_still_pays_enough() -> None:
    for rest in range(-2000, 2000, 37):
        built = signed(payment(utxo(1, 2**32 + 3_000_000 + 168_000 + rest)))
        least = fees.least_fee(len(built.raw), PARAMETERS)
        assert least <= built.fee <= least + 4 * PARAMETERS.min_fee_a
        balances(built)


def test_change_comes_back_as_outputs_that_can_be_spent_unasked() -> None:
    first = signed(payment(utxo(1, 20_000_000, CREATE=3)))
    change = first.change[0]
    assert (change.tx_hash, change.index, change.address) == (first.id, 1, OURS)
    assert change.tokens == {ASSET.unit: 3}
    assert parse(first.raw).outputs[1].lovelace == change.lovelace
    assert signed(payment(change)).inputs == (change,)


def test_the_largest_outputs_without_foreign_tokens_are_spent_first() -> None:
    wallet = [utxo(1, 2_000_000), utxo(2, 90_000_000, JUNK=1), utxo(3, 5_000_000), utxo(4, 5_000_000)]
    assert [spent.reference for spent in payment(*wallet).inputs] == [wallet[2].reference]
    both = payment(*reversed(wallet), lovelace=6_000_000).inputs
    assert both == (wallet[2], wallet[3])
    assert payment(*wallet, lovelace=50_000_000).inputs[-1] == wallet[1]


def test_a_mint_keeps_all_tokens_at_home() -> None:
    built = signed(mint(utxo(1, 10_000_000, CREATE=1, OTHER=2), quantity=41))
    assert built.change[0].tokens == {ASSET.unit: 42, POLICY + b"OTHER".hex(): 2}
    balances(built)


def test_a_burn_of_the_last_token_leaves_none_behind() -> None:
    built = signed(burn(utxo(1, 10_000_000, CREATE=7), count=7))
    assert built.change[0].tokens == {}
    balances(built)


def test_a_burn_gathers_tokens_from_as_few_outputs_as_it_can() -> None:
    wallet = [utxo(1, 3_000_000, CREATE=4), utxo(2, 3_000_000, CREATE=9), utxo(3, 90_000_000)]
    assert burn(*wallet, count=9).inputs == (wallet[1],)
    assert burn(*wallet, count=10).inputs == (wallet[1], wallet[0])


def test_a_later_attempt_spends_what_the_attempt_before_it_spent() -> None:
    wallet = [utxo(1, 3_000_000, CREATE=4), utxo(2, 3_000_000, CREATE=9)]
    first = burn(wallet[0], count=2)
    again = burn(*wallet, count=2, must_spend=tuple(spent.reference for spent in first.inputs))
    assert again.inputs == first.inputs
    assert burn(*wallet, count=5, must_spend=(wallet[0].reference,)).inputs == tuple(wallet)


def test_an_attempt_that_cannot_share_an_input_is_not_made() -> None:
    with pytest.raises(ValueError, match=f"{9:064x}#0"):
        burn(utxo(1, 3_000_000, CREATE=4), count=2, must_spend=((f"{9:064x}", 0),))


def test_an_input_is_added_when_the_change_would_be_too_small_to_exist() -> None:
    wallet = [utxo(1, 4_000_000), utxo(2, 1_000_000)]
    assert len(payment(*wallet, lovelace=3_000_000 - 200_000).inputs) == 1
    assert len(payment(*wallet, lovelace=3_000_000).inputs) == 2


def test_a_shortage_says_what_is_missing() -> None:
    with pytest.raises(Shortage) as lovelace:
        payment(utxo(1, 2_000_000), lovelace=3_000_000)
    missing = lovelace.value.lovelace
    assert payment(utxo(1, 2_000_000 + missing + 50_000), lovelace=3_000_000)
    with pytest.raises(Shortage):
        payment(utxo(1, 2_000_000 + missing - 50_000), lovelace=3_000_000)
    with pytest.raises(Shortage) as tokens:
        burn(utxo(1, 50_000_000, CREATE=4), count=7)
    assert tokens.value.tokens == {ASSET.unit: 3}
    with pytest.raises(Shortage, match="nothing"):
        payment()


def test_a_wallet_in_crumbs_says_so_instead_of_building_what_the_ledger_refuses() -> None:
    with pytest.raises(Shortage, match="too many small outputs"):
        payment(*(utxo(number, 1_000_000) for number in range(1, 600)), lovelace=500_000_000)


def test_what_the_ledger_would_refuse_is_not_drafted() -> None:
    with pytest.raises(ValueError, match="less than an output must hold"):
        payment(utxo(1, 50_000_000), lovelace=800_000)
    with pytest.raises(ValueError, match="at least one token"):
        mint(utxo(1, 50_000_000), quantity=0)
    with pytest.raises(ValueError, match="at most"):
        mint(utxo(1, 50_000_000), quantity=2**63)
    with pytest.raises(ValueError, match="less than an output must hold"):
        payment(utxo(1, 50_000_000), lovelace=-1)
    with pytest.raises(ValueError, match="policy"):
        mint(utxo(1, 50_000_000), asset=Asset("00" * 28, b"CREATE"))
    with pytest.raises(ValueError, match="another key"):
        payment(Utxo("00" * 32, 0, THEIRS, 50_000_000))


def pay(*, recipient: str = THEIRS, change_address: str = OURS) -> Draft:
    return build.payment(
        utxos=[utxo(1, 50_000_000)],
        change_address=change_address,
        recipient=recipient,
        lovelace=3_000_000,
        token_hash=HASH,
        parameters=PARAMETERS,
        expiry_slot=EXPIRY,
        key=KEY.public,
        network=NETWORK,
    )


def test_lovelace_goes_only_to_addresses_of_the_network_and_change_only_to_us() -> None:
    assert pay()
    mainnet = "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8"
    with pytest.raises(InvalidAddressError):
        pay(recipient=mainnet)
    with pytest.raises(InvalidAddressError):
        pay(change_address=mainnet)
    with pytest.raises(ValueError, match="change"):
        pay(change_address=THEIRS)


def test_a_signature_that_does_not_fit_is_never_attached() -> None:
    draft = pay()
    digest = bytes.fromhex(draft.id)
    with pytest.raises(ValueError, match="signature"):
        draft.sign(KEY.public, KEY.sign(b"another transaction"))
    with pytest.raises(ValueError, match="signature"):
        draft.sign(OTHER.public, OTHER.sign(digest))
    assert parse(draft.sign(KEY.public, KEY.sign(digest)).raw).id == draft.id


def test_the_same_wallet_gives_the_same_bytes() -> None:
    wallet = [utxo(number, 3_000_000 + number % 2, CREATE=number) for number in range(1, 9)]
    assert burn(*wallet, count=20).id == burn(*reversed(wallet), count=20).id


wallets = st.lists(
    st.tuples(st.integers(1_200_000, 30_000_000), st.integers(0, 50), st.integers(0, 2**59)), max_size=12
)


@settings(deadline=None)
@given(wallets, st.integers(1, 150), st.integers(1_000_000, 60_000_000))
def test_whatever_the_wallet_the_ledgers_equation_holds(
    contents: list[tuple[int, int, int]], count: int, lovelace: int
) -> None:
    wallet = [
        Utxo(
            f"{n:064x}", n, OURS, held, {unit: q for unit, q in ((ASSET.unit, ours), ("00" * 40, junk)) if q}
        )
        for n, (held, ours, junk) in enumerate(contents)
    ]
    for burning in (True, False):
        try:
            built = signed(burn(*wallet, count=count) if burning else payment(*wallet, lovelace=lovelace))
        except Shortage:
            continue
        balances(built)
        assert built.fee == fees.least_fee(len(built.raw), PARAMETERS)
        for output in parse(built.raw).outputs:
            assert output.lovelace >= 160 * PARAMETERS.coins_per_utxo_byte
