"""Our readers give what the committed vectors expect, and the vectors are what their generator makes."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from shared import merkle, strict_json
from shared.dialects import ack
from shared.keys import PublicKey
from shared.merkle import SumNode
from shared.redemption_commitment import commitment, request_hash
from shared.tokens import dpop, prt, receipt
from shared.tokens.jws import TokenError
from tests.conformance import make_vectors
from tests.conformance.claim_cases import said

FILES = {path.name: json.loads(path.read_text("utf-8")) for path in make_vectors.VECTORS.iterdir()}
Case = dict[str, Any]


def cases(file: str, part: str = "cases") -> Callable[[Callable[[Case], None]], pytest.MarkDecorator]:
    found = FILES[file][part]
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["description"]) for case in found])


def outcome(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except TokenError as error:
        return {"refused": error.reason}


@pytest.mark.parametrize("name", make_vectors.FILES)
def test_the_committed_vectors_are_what_the_generator_makes(name: str) -> None:
    assert (make_vectors.VECTORS / name).read_text("utf-8") == make_vectors.text(name)


def test_every_file_of_vectors_has_a_generator() -> None:
    assert FILES.keys() == make_vectors.FILES.keys()


@pytest.mark.parametrize("name", [name for name in make_vectors.FILES if name != "merkle.json"])
def test_no_two_cases_of_a_file_are_one(name: str) -> None:
    said = [case["description"] for case in FILES[name]["cases"]]
    assert len(set(said)) == len(said)


@cases("payment_request.json")
def test_payment_requests(case: Case) -> None:
    file = FILES["payment_request.json"]
    keys = [PublicKey.from_did_key(did) for did in file["keys"]]
    found = outcome(lambda: asdict(prt.verify(case["token"], keys, issuer=file["issuer"], now=case["now"])))
    assert json.loads(json.dumps(found)) == case["expected"]


@cases("receipt.json")
def test_receipts(case: Case) -> None:
    issuers = {
        issuer: [PublicKey.from_did_key(did) for did in dids]
        for issuer, dids in FILES["receipt.json"]["issuers"].items()
    }
    assert (
        outcome(lambda: asdict(receipt.verify(case["token"], issuers, now=case["now"]))) == case["expected"]
    )


@cases("holder_proof.json")
def test_holder_proofs(case: Case) -> None:
    request = FILES["holder_proof.json"]["request"] | case

    def read() -> Case:
        proof = dpop.verify(
            case["token"],
            method=request["method"],
            url_ok=lambda url: url == request["url"],
            now=request["now"],
            token=request["receipt"],
        )
        return {"jti": proof.jti, "thumbprint": proof.thumbprint, "issued_at": proof.issued_at}

    assert outcome(read) == case["expected"]


@cases("payment_claim.json")
def test_payment_claims(case: Case) -> None:
    def read() -> Case:
        return said(ack.read_claim(case["token"], now=case["now"]))

    assert outcome(read) == case["expected"]


def node(shown: Case) -> SumNode:
    return SumNode(bytes.fromhex(shown["hash"]), shown["sum"])


@cases("merkle.json", "requests")
def test_request_hashes(case: Case) -> None:
    members = {name: value for name, value in case["body"].items() if name != "receipt"}
    assert strict_json.canonical(members).hex() == case["canonical"]
    assert request_hash(case["body"]).hex() == case["request_hash"]


@cases("merkle.json", "commitments")
def test_commitments(case: Case) -> None:
    asked = bytes.fromhex(case["request_hash"])
    found = commitment(case["receipt_id"], case["redemption_id"], asked, case["idempotency_key"])
    assert found.hex() == case["commitment"]


@cases("merkle.json", "leaves")
def test_leaves(case: Case) -> None:
    parts = (bytes.fromhex(case["salt"]), bytes.fromhex(case["commitment"]), case["quantity"])
    if case["leaf"] is None:
        with pytest.raises(ValueError, match="quantity"):
            merkle.leaf(*parts)
    else:
        assert merkle.leaf(*parts) == (bytes.fromhex(case["leaf"]), case["quantity"])


@cases("merkle.json", "trees")
def test_merkle_trees(case: Case) -> None:
    leaves = [node(leaf) for leaf in case["leaves"]]
    assert merkle.root(leaves) == node(case["root"])
    paths = [merkle.proof(leaves, index) for index in range(len(leaves))]
    assert paths == [[node(one) for one in path] for path in case["paths"]]


@cases("merkle.json", "checks")
def test_merkle_checks(case: Case) -> None:
    path = [node(one) for one in case["path"]]
    leaf, root = node(case["leaf"]), node(case["root"])
    assert merkle.verify(leaf, case["index"], case["size"], path, root) is case["expected"]
