"""A payer by x402, before a seller whose answers wait for no block: a test makes them."""

import pytest

from paywall.web.payments.by_header import PaymentsByHeader
from tests.sellers.dialects.x402_client import Client
from tests.support.world.scenes.payment_scene import PaymentScene


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaymentsByHeader, "patience", 0.0)


@pytest.fixture
def client(paying: PaymentScene) -> Client:
    return Client(paying)
