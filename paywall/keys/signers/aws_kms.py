"""Keys in AWS KMS: key spec ECC_NIST_EDWARDS25519, signatures by ED25519_SHA_512 over the raw message.

Never ED25519_PH_SHA_512: Ed25519ph (RFC 8032 section 5.1) is another signature, which no ledger and no JWT
library takes. Region, credentials and endpoint are what the AWS tools use (AWS_DEFAULT_REGION, AWS_PROFILE, roles).
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from paywall.errors import SetupError, SignerUnavailable
from paywall.keys.signers.base import verified
from shared.keys import PublicKey

log = logging.getLogger("paywall.keys.signers")

KEY_SPEC, ALGORITHM, USAGE = "ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "SIGN_VERIFY"
#: KMS takes no longer raw message
MAX_MESSAGE = 4096
#: calls at a time; KMS itself allows an account some hundred a second
CALLS = 8
CONNECT_SECONDS, READ_SECONDS, TRIES = 3, 5, 3
#: SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the 32 bytes
SPKI = bytes.fromhex("302a300506032b6570032100")


class KmsSigner:
    """One key in AWS KMS, by its id, ARN or alias. Each signature is a call, and is verified."""

    def __init__(self, client: Any, key_id: str, public: PublicKey) -> None:
        self._client = client
        self._key_id = key_id
        self.public = public
        # Blocking calls, in threads of their own: a slow KMS must not hold up what others run in threads.
        self._threads = ThreadPoolExecutor(CALLS, thread_name_prefix="kms")

    async def sign(self, message: bytes) -> bytes:
        signature = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, message)
        return verified(self.public, message, signature)

    def _ask(self, message: bytes) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        if len(message) > MAX_MESSAGE:
            raise SignerUnavailable(f"AWS KMS signs at most {MAX_MESSAGE} bytes, this has {len(message)}.")
        try:
            answer = self._client.sign(
                KeyId=self._key_id, Message=message, MessageType="RAW", SigningAlgorithm=ALGORITHM
            )
        except (BotoCoreError, ClientError) as error:
            log.warning("AWS KMS does not sign: %s", error)  # names accounts and keys: not for the client
            raise SignerUnavailable from error
        return bytes(answer["Signature"])


def open_kms(key_id: str) -> KmsSigner:
    """The key by its id, ARN or `alias/…`, whose public part is fetched and checked. Errors: SetupError."""
    try:
        import boto3  # type: ignore[import-untyped]  # it ships no types
        from botocore.config import Config  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise SetupError("aws-kms: needs the extra: pip install 'paywall[kms]'.") from error
    # standard: with back-off, and only what AWS says may be repeated; a signature may
    retries = {"total_max_attempts": TRIES, "mode": "standard"}
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries=retries,
        max_pool_connections=CALLS,
    )
    try:
        client = boto3.client("kms", region_name=_region(key_id), config=config)
        answer = client.get_public_key(KeyId=key_id)
    except (BotoCoreError, ClientError) as error:
        raise SetupError(f"AWS KMS does not give the key {key_id}: {error}") from error
    # By its ARN from now on: an alias may be pointed at another key while we run.
    return KmsSigner(client, answer["KeyId"], _checked(key_id, answer))


def _region(key_id: str) -> str | None:
    """An ARN says it itself: arn:aws:kms:eu-central-1:…"""
    parts = key_id.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > len("arn") else None


def _checked(key_id: str, answer: dict[str, Any]) -> PublicKey:
    spki = bytes(answer["PublicKey"])
    fits = (answer["KeySpec"], answer["KeyUsage"]) == (KEY_SPEC, USAGE) and spki.startswith(SPKI)
    if not fits or ALGORITHM not in answer["SigningAlgorithms"]:
        raise SetupError(
            f"The key {key_id} is {answer['KeySpec']} for {answer['KeyUsage']}; {KEY_SPEC} for {USAGE} is needed."
        )
    return PublicKey(spki[len(SPKI) :])
