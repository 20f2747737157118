"""Does a checked proof pay a payment request? Pure."""

from paywall.errors import ClaimInvalid, PaidLate, PaymentInsufficient, PaymentRequestExpired, PaywallError
from paywall.rails.base import Proof
from shared.tokens.prt import PaymentOption, PaymentRequest


def check_payer(payer: str, request: PaymentRequest, proof: Proof) -> None:
    """The claim is signed by `payer`; is that the one who may claim this payment?

    A transaction is public once it is on chain: without this, whoever sees it first could claim it. The
    payer is the request's holder or, where it names none, a key that signed the payment itself.
    Errors: ClaimInvalid.
    """
    allowed = {request.order.holder} if request.order.holder else proof.signers
    if payer not in allowed:
        raise ClaimInvalid(
            "The claim is not signed by the payer: neither the request's holder nor a key of the payment."
        )


def shortcoming(
    proof: Proof, option: PaymentOption, request: PaymentRequest, now: int
) -> PaywallError | None:
    """Why the proof does not pay the request, or None. Whether money has moved already is `proof.paid_at`."""
    if proof.amount < int(option.amount):
        return PaymentInsufficient(
            f"{proof.amount} of {option.amount} (10^-{option.decimals} {option.currency}) were paid.",
            paid=proof.amount,
            required=int(option.amount),
        )
    if proof.paid_at is None:
        return PaymentRequestExpired() if now >= request.expires_at else None
    return PaidLate() if proof.paid_at > request.expires_at else None


def payable(token: str, expires_at: int, now: int) -> str | None:
    """The PRT, for a 402, when paying it rightly is the remedy: a machine would pay an expired one too."""
    return None if now >= expires_at else token
