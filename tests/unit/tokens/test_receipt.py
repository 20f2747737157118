from dataclasses import replace

import pytest

from shared.tokens import jws, receipt
from shared.tokens.jws import TokenError
from tests.conformance.attacks import ATTACKER, Attack, attacks
from tests.conformance.receipt_cases import TARGET, changed, refusals
from tests.conformance.samples import NOW, RECEIPT, SELLER, SELLER_KEY

ISSUERS = {SELLER: [SELLER_KEY.public]}


def reason(token: str, now: int = NOW) -> str:
    with pytest.raises(TokenError) as caught:
        receipt.verify(token, ISSUERS, now=now)
    return caught.value.reason


@pytest.mark.parametrize("holder", [RECEIPT.holder_thumbprint, None], ids=["bound", "bearer"])
def test_a_receipt_is_read_back(holder: str | None) -> None:
    given = replace(RECEIPT, holder_thumbprint=holder)
    assert receipt.verify(jws.sign(receipt.claims(given), SELLER_KEY), ISSUERS, now=NOW) == given


def test_without_trusted_issuers_nothing_is_verified() -> None:
    with pytest.raises(ValueError, match="trusted issuers") as caught:
        receipt.verify(TARGET.token, {}, now=NOW)
    assert not isinstance(caught.value, TokenError)


def test_each_issuer_signs_with_its_own_keys_only() -> None:
    issuers = {SELLER: [ATTACKER.public], "did:web:other.example": [SELLER_KEY.public]}
    with pytest.raises(TokenError) as caught:
        receipt.verify(TARGET.token, issuers, now=NOW)
    assert caught.value.reason == "bad_signature"


@pytest.mark.parametrize("attack", [*refusals(), *attacks(TARGET)], ids=lambda attack: attack.description)
def test_what_is_wrong_is_refused(attack: Attack) -> None:
    assert reason(attack.token) == attack.reason


def test_there_is_no_leeway_at_the_end_and_a_minute_at_the_start() -> None:
    assert receipt.verify(TARGET.token, ISSUERS, now=RECEIPT.expires_at - 1) == RECEIPT
    assert receipt.verify(TARGET.token, ISSUERS, now=NOW - 60) == RECEIPT
    assert reason(TARGET.token, RECEIPT.expires_at) == "expired"
    assert reason(TARGET.token, NOW - 61) == "not_yet_valid"


def test_the_claims_are_those_of_the_credential() -> None:
    claims = receipt.claims(RECEIPT)
    assert claims.keys() == {"iss", "sub", "nbf", "exp", "jti", "cnf", "vc"}
    assert claims["vc"]["type"] == ["VerifiableCredential", "PaymentReceiptCredential"]
    assert claims["vc"]["credentialSubject"].keys() == {"paymentRequestToken", "paymentOptionId", "metadata"}


def test_a_claim_of_another_verifier_is_no_reason_to_refuse() -> None:
    assert receipt.verify(changed(azp="x"), ISSUERS, now=NOW) == RECEIPT
