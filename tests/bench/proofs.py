"""DPoP proofs signed shortly before they are sent, so that the load maker has nothing to sign."""

import time
import uuid
from pathlib import Path

from shared.keys import SigningKey
from shared.tokens import dpop


def write_proofs(file: Path, key: SigningKey, url: str, receipt: str, count: int) -> None:
    """`count` proofs for POSTs to `url` with `receipt`, one a line; they are good for a minute from now."""
    now = int(time.time())
    with file.open("w") as out:
        for _ in range(count):
            jti = str(uuid.uuid4())
            out.write(dpop.make(key, method="POST", url=url, now=now, jti=jti, token=receipt) + "\n")
