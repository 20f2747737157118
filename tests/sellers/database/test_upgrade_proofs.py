"""A proof that was used before an upgrade is not to be used again after it."""

import asyncio

import pytest
from sqlalchemy import text

from paywall.database.opening import open_database, open_engine
from paywall.database.schema import HEAD, upgrade
from paywall.errors import HolderProofInvalid
from paywall.redemptions.holder_proofs import PROOF_KEPT_SECONDS, use_proof
from shared.keys import SigningKey
from shared.tokens.dpop import HolderProof

NOW = 1_700_000_000
KEY = SigningKey.from_seed(b"k" * 32).public


def test_what_was_used_before_the_proofs_were_ordered_is_used_up_after_it(bare_url: str) -> None:
    with open_engine(bare_url) as engine:
        upgrade(engine, "0006")
        with engine.begin() as connection:
            row = {"thumbprint": KEY.thumbprint, "jti": "used", "until": NOW + PROOF_KEPT_SECONDS}
            connection.execute(text("INSERT INTO holder_proof VALUES (:thumbprint, :jti, :until)"), row)
        upgrade(engine, HEAD)
    database = open_database(bare_url)
    try:
        use = HolderProof("used", KEY.thumbprint, KEY, NOW)
        with pytest.raises(HolderProofInvalid):
            asyncio.run(database.transact(lambda tx: use_proof(tx, use)))
        asyncio.run(database.transact(lambda tx: use_proof(tx, use._replace(jti="new"))))
    finally:
        database.close()
