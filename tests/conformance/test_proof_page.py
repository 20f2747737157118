"""The worked example in docs/proof.md: every value in it is computed again."""

import re
from hashlib import sha256
from pathlib import Path

from shared import merkle, strict_json
from shared.merkle import SumNode
from shared.redemption_commitment import commitment, request_hash
from tests.conformance.merkle_cases import COMMITMENTS, SALTS

PAGE = (Path(__file__).parents[2] / "docs" / "proof.md").read_text("utf-8").split("## An example")[1]
SAID = dict(re.findall(r"^    (\w+) += (.+)$", PAGE, re.MULTILINE))


def said(name: str) -> bytes:
    return bytes.fromhex(SAID[name])


def test_the_page_names_every_value_of_the_example() -> None:
    assert list(SAID) == [
        *("receipt_id", "redemption_id", "idempotency_key", "body", "request_hash", "H_input", "H"),
        *("salt", "leaf_input", "leaf", "sibling_0", "node_input", "node", "sibling_1", "root"),
    ]


def test_the_leaf_of_the_example_is_what_the_page_says() -> None:
    body = SAID["body"].encode()
    assert strict_json.canonical(strict_json.loads(body)) == body
    assert request_hash(strict_json.loads(body)) == said("request_hash") == sha256(body).digest()
    bound = commitment(
        SAID["receipt_id"], SAID["redemption_id"], said("request_hash"), SAID["idempotency_key"]
    )
    assert bound == said("H") == sha256(said("H_input")).digest()
    assert said("leaf_input") == b"\0" + said("salt") + bound + (5).to_bytes(8)
    assert merkle.leaf(said("salt"), bound, 5).hash == said("leaf") == sha256(said("leaf_input")).digest()


def test_the_path_of_the_example_leads_to_the_root_on_the_page() -> None:
    first, last = (merkle.leaf(SALTS[at], COMMITMENTS[at], quantity) for at, quantity in ((0, 1), (2, 2)))
    ours = SumNode(said("leaf"), 5)
    assert (first.hash, last.hash) == (said("sibling_0"), said("sibling_1"))
    assert sha256(said("node_input")).digest() == said("node") == merkle.root([first, ours]).hash
    assert merkle.root([first, ours, last]) == SumNode(said("root"), 8)
    assert merkle.proof([first, ours, last], 1) == [first, last]
    assert merkle.verify(ours, 1, 3, [first, last], SumNode(said("root"), 8))
