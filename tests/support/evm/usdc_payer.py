"""A payer by x402 whose every word a test may spoil; PyPI `x402` writes and signs what he does not."""

from collections.abc import Mapping
from typing import Any

import httpx
from eth_account.messages import encode_typed_data
from x402.mechanisms.evm.exact.client import ExactEvmScheme
from x402.schemas import PaymentRequirements

from tests.sellers.dialects.x402_client import BUY, ONE, decoded, encoded
from tests.support.evm.evm_node import CHAIN_ID, USDC
from tests.support.evm.usdc_scene import UsdcScene

CANCEL = {"CancelAuthorization": [{"name": "authorizer", "type": "address"}, {"name": "nonce", "type": "bytes32"}]}


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
        return ExactEvmScheme(self.scene.payer).create_payment_payload(wanted)

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
        """Takes an authorization back, on chain."""
        domain = {"name": "USDC", "version": "2", "chainId": CHAIN_ID, "verifyingContract": USDC}
        nonce = bytes.fromhex(payload["authorization"]["nonce"][2:])
        message = {"authorizer": self.scene.payer.address, "nonce": nonce}
        signed = self.scene.payer.sign_message(encode_typed_data(domain, CANCEL, message))
        self.scene.node.send(
            "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)",
            *(self.scene.payer.address, nonce, signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)),
        )

    def use(self, payload: Mapping[str, Any]) -> None:
        """Settles an authorization past the facilitator, as anybody may who sees it."""
        said, signature = payload["authorization"], bytes.fromhex(payload["signature"][2:])
        times = (int(said["validAfter"]), int(said["validBefore"]))
        self.scene.node.send(
            "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
            *(said["from"], said["to"], int(said["value"]), *times, bytes.fromhex(said["nonce"][2:])),
            *(signature[64], signature[:32], signature[32:64]),
        )
