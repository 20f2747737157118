"""A token of SoftHSM, the HSM in software: keys that PKCS#11 gives nobody."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

TOKEN, PIN = "paywall", "a pin 4321"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
ED25519 = "1.3.101.112"  # RFC 8410


def find_module() -> str:
    """The library's path; skips the test where there is none."""
    found = [path for path in MODULES if Path(path).exists()]
    if not found or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed: apt-get install softhsm2")
    return found[0]


class SoftHsm:
    """One token in a folder of its own, with one key that cannot be taken out and one that can."""

    def __init__(self, folder: Path, module: str) -> None:
        self.module = module
        tokens = folder / "tokens"
        tokens.mkdir()
        conf = folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(conf)}
        subprocess.run(
            [
                *("softhsm2-util", "--init-token", "--free", "--label", TOKEN),
                *("--so-pin", "a so pin 8765", "--pin", PIN),
            ],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
        )

    def make_keys(self) -> None:
        """`environment` must be set."""
        import pkcs11

        with pkcs11.lib(self.module).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
            _key_pair(session, "custody", extractable=False)
            _key_pair(session, "copied", extractable=True)

    def place(self, key: str = "custody", token: str = TOKEN) -> str:
        """As a setting."""
        return f"pkcs11:token={token};object={key}?module-path={self.module}"


def _key_pair(session: Any, label: str, *, extractable: bool) -> None:
    from pkcs11 import Attribute, KeyType, Mechanism
    from pkcs11.util.ec import encode_named_curve_parameters

    curve = session.create_domain_parameters(
        KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: encode_named_curve_parameters(ED25519)}, local=True
    )
    curve.generate_keypair(
        mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
        store=True,
        label=label,
        private_template={Attribute.EXTRACTABLE: extractable, Attribute.SENSITIVE: not extractable},
    )
