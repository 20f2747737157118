"""A payer by x402 whose every word a test may spoil; PyPI `x402` writes and signs what he does not."""

from collections.abc import Mapping
from typing import Any

import httpx
from x402.mechanisms.evm.exact.client import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequirements

from tests.sellers.dialects.x402_client import BUY, ONE, decoded, encoded
from tests.support.evm.authorizing import cancel, use
from tests.support.evm.usdc_scene import UsdcScene


class UsdcPayer:
    """Pays from the scene's own purse."""

    def __init__(self, scene: UsdcScene) -> None:
        self.scene = scene

    def ask(self, path: str = BUY, **body: Any) -> Any:
        """What a 402 asks for."""

        async def asked() -> httpx.Response:
            async with self.scene.http() as http:
                return await http.post(path, json=body or ONE)

        answer = self.scene.run(asked())
        assert answer.status_code == 402, answer.text
        return decoded(answer.headers["payment-required"])

    def payload(self, asked: Any, **changes: Any) -> dict[str, Any]:
        """A signed authorization; `changes` are of what it is asked to sign."""
        wanted = PaymentRequirements.model_validate({**asked["accepts"][0], **changes})
        return ExactEvmScheme(EthAccountSigner(self.scene.payer)).create_payment_payload(wanted)

    def header(self, asked: Any, payload: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, str]:
        """`changes` are of what is given back."""
        accepted = {**asked["accepts"][0], **changes}
        shown = self.payload(asked) if payload is None else payload
        return {"PAYMENT-SIGNATURE": encoded({"x402Version": 2, "accepted": accepted, "payload": shown})}

    async def send(self, header: Mapping[str, str], path: str = BUY, **body: Any) -> httpx.Response:
        async with self.scene.http() as http:
            return await http.post(path, json=body or ONE, headers=dict(header))

    def pay(self, header: Mapping[str, str], path: str = BUY, **body: Any) -> httpx.Response:
        return self.scene.run(self.send(header, path, **body))

    def cancel(self, payload: Mapping[str, Any]) -> None:
        cancel(self.scene.node, self.scene.payer, payload)

    def use(self, payload: Mapping[str, Any]) -> None:
        use(self.scene.node, payload)
