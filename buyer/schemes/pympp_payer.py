"""The method `cardano` for PyPI `pympp`'s clients: `PaymentTransport([cardano_payer(maker, most)])`."""

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from buyer.errors import PaymentRefused
from buyer.schemes.payment_maker import PaymentMaker, WantedPayment
from shared.cardano.read.transaction import parse
from shared.dialects.mpp_cardano import METHOD, CardanoCharge
from shared.x402_cardano.requirements import canonical_network, read_asset

try:
    from mpp import Challenge, Credential
    from mpp.runtime import ClientMethod, CredentialParams
except ImportError as error:
    raise ImportError("Cardano for PyPI pympp needs the extra mpp: pip install 'paywall[mpp]'") from error


def cardano_payer(
    maker: PaymentMaker, most: Mapping[str, int], *, now: Callable[[], int] = lambda: int(time.time())
) -> ClientMethod:
    """Pays what is asked for in an asset of `most`, up to so many atoms a payment; the package has no such limits."""
    paying = _Paying(maker, most, now)
    return ClientMethod(
        method=METHOD,
        create_credential=paying.create,
        can_handle_challenge=paying.can_pay,
        transaction_hash=_transaction_of,
    )


class _Paying:
    def __init__(self, maker: PaymentMaker, most: Mapping[str, int], now: Callable[[], int]) -> None:
        self._maker = maker
        self._most = dict(most)
        self._now = now
        self._turn = asyncio.Lock()

    def can_pay(self, challenge: Challenge) -> bool:
        try:
            asked = CardanoCharge.model_validate(challenge.request)
        except ValueError:
            return False
        return (
            canonical_network(asked.methodDetails.network) == self._maker.network
            and int(asked.amount) <= self._most.get(asked.currency, 0)
            and _seconds_left(challenge, self._now()) > 0
        )

    async def create(self, params: CredentialParams) -> str:
        """Errors: PaymentRefused, WalletError, ChainError."""
        challenge = params.challenge
        if not self.can_pay(challenge):
            raise PaymentRefused(
                "payment_impossible", "the challenge asks for more than may be paid, or is late"
            )
        asked = CardanoCharge.model_validate(challenge.request)
        seconds = _seconds_left(challenge, self._now())
        commitment = bytes.fromhex(asked.externalId)
        wanted = WantedPayment(
            asked.recipient, read_asset(asked.currency), int(asked.amount), seconds, commitment
        )
        async with self._turn:
            raw, _ = await self._maker.make(wanted)
        payload = {"type": "transaction", "transaction": base64.b64encode(raw).decode("ascii")}
        return Credential(challenge=challenge.to_echo(), payload=payload).to_authorization()


def _seconds_left(challenge: Challenge, now: int) -> int:
    """Until its end; 0 for one that names none."""
    try:
        end = datetime.fromisoformat(challenge.expires or "")
    except ValueError:
        return 0
    return 0 if end.tzinfo is None else int(end.timestamp()) - now


def _transaction_of(credential: Credential) -> str:
    return parse(base64.b64decode(credential.payload["transaction"])).id
