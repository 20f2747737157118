"""MPP's method `cardano`, intent `charge`, for PyPI `pympp`: its request and its payload (docs/mpp-cardano.md)."""

from typing import Annotated, Literal

from shared.x402_cardano.requirements import read_asset

try:
    from mpp.methods import Method
    from pydantic import AfterValidator, BaseModel, Field
except ImportError as error:
    raise ImportError("Cardano for PyPI pympp needs the extra mpp: pip install 'paywall[mpp]'") from error

METHOD_NAME, INTENT = "cardano", "charge"


def _checked_asset(text: str) -> str:
    read_asset(text)
    return text


class ChargeDetails(BaseModel):
    """`confirmations` count the block that holds the payment as one."""

    network: str
    confirmations: int = Field(ge=1, le=21)


class CardanoCharge(BaseModel):
    """The wire's request. `amount` in atoms of `currency`, which is `lovelace` or `<policyId>.<nameHex>`."""

    amount: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,19}$")]
    currency: Annotated[str, AfterValidator(_checked_asset)]
    externalId: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # noqa: N815  the wire's name
    recipient: str
    methodDetails: ChargeDetails  # noqa: N815  the wire's name


class CardanoCredential(BaseModel):
    """The wire's payload: a signed transaction in base64, not broadcast."""

    type: Literal["transaction"]
    transaction: Annotated[str, Field(max_length=21_848)]


METHOD = Method(name=METHOD_NAME, intent=INTENT, request_model=CardanoCharge, payload_model=CardanoCredential)
