"""What a wallet spends, at an address that anybody can send to."""

from dataclasses import replace

import pytest

from shared.cardano.coins import MOST_INPUTS, STREWN, SWEEP, Shortage, burnable, is_usable, selections
from tests.unit.cardano.cardano_samples import ASSET, burn, payment, utxo

UNIT = ASSET.unit


def test_a_script_or_a_datum_makes_an_output_useless_for_burns_and_payments_alike() -> None:
    gift, own = replace(utxo(1, 900_000_000), bare=False), utxo(2, 5_000_000, CREATE=9)
    assert burn(gift, own, count=2).inputs == (own,)
    assert payment(gift, utxo(3, 9_000_000)).inputs == (utxo(3, 9_000_000),)
    with pytest.raises(Shortage):
        burn(gift, replace(own, bare=False), count=2)
    assert not is_usable(gift, UNIT)


def test_foreign_tokens_alone_are_left_out_and_beside_ours_are_the_last_to_be_spent() -> None:
    junk, mixed, own = (
        utxo(1, 90_000_000, JUNK=1),
        utxo(2, 9_000_000, CREATE=9, JUNK=1),
        utxo(3, 9_000_000, CREATE=4),
    )
    assert burn(junk, mixed, own, count=4).inputs == (own,)
    assert burn(junk, mixed, own, count=5).inputs == (own, mixed)
    assert (is_usable(junk, UNIT), is_usable(mixed, UNIT)) == (False, True)


def test_more_kinds_of_tokens_than_an_output_can_hold_are_a_shortage_not_a_refusal() -> None:
    kinds = {f"J{n:031}": 1 for n in range(200)}
    with pytest.raises(Shortage, match="kinds of tokens"):
        burn(utxo(1, 900_000_000, CREATE=9, **kinds), count=2)


@pytest.mark.parametrize(("outputs", "taken"), [(STREWN, 1), (STREWN + 1, STREWN + 1), (200, SWEEP)])
def test_tokens_that_are_strewn_over_many_outputs_are_gathered(outputs: int, taken: int) -> None:
    wallet = [utxo(number, 2_000_000, CREATE=1) for number in range(1, outputs + 1)]
    assert len(next(selections(wallet, UNIT, 1))) == taken
    assert len(next(selections(wallet, UNIT, outputs))) == outputs


def test_one_transaction_burns_what_lies_in_as_many_outputs_as_fit_into_it() -> None:
    wallet = [utxo(number, 1_300_000, CREATE=1) for number in range(1, 2 * MOST_INPUTS)]
    assert burnable(wallet, UNIT) == MOST_INPUTS
    assert burnable([utxo(0, 2_000_000, CREATE=50), *wallet], UNIT) == MOST_INPUTS + 49
    assert len(burn(*wallet, count=MOST_INPUTS).inputs) == MOST_INPUTS
