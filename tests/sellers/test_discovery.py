"""How what is sold is found before it is asked for, and what a person's browser is shown."""

import re
from html.parser import HTMLParser

import pytest

from shared import strict_json
from tests.support.world.scenes.stage import Stage
from tests.support.world.seller import BASE

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
BUY, USE = "/api/images/buy", "/api/images/generate"


def test_the_payable_addresses_are_listed_and_each_answers_402(stage: Stage) -> None:
    listed = stage.run(stage.seller.http.get("/.well-known/x402")).json()
    assert listed == {
        "version": 1,
        "resources": [BASE + USE, BASE + BUY],
        "instructions": f"{BASE}/llms.txt",
    }
    for url in listed["resources"]:
        answer = stage.run(stage.seller.http.post(url, json={"credits": 1} if url.endswith("buy") else {}))
        assert answer.status_code == 402


def test_the_text_for_models_names_paths_prices_and_what_to_do(stage: Stage) -> None:
    answer = stage.run(stage.seller.http.get("/llms.txt"))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("# paywall\n\n> ")
    for told in (BASE + USE, BASE + BUY, "1.00 USD", '{"name":"Abraham Lincoln"}', "payment_pending"):
        assert told in answer.text
    for path in re.findall(rf"\]\({re.escape(BASE)}([^)]+)\): [A-Zev]", answer.text)[1:]:
        assert stage.run(stage.seller.http.get(path)).status_code == 200


def test_the_openapi_document_says_how_each_operation_can_be_paid(stage: Stage) -> None:
    document = stage.run(stage.seller.http.get("/openapi.json")).json()
    assert document["x-service-info"]["docs"] == {
        "apiReference": f"{BASE}/openapi.json",
        "llms": f"{BASE}/llms.txt",
    }
    paid = {
        path: operation["x-payment-info"]
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if "x-payment-info" in operation
    }
    assert set(paid) == {BUY, USE}
    (offer,) = paid[USE]["offers"]
    assert (offer["intent"], offer["method"], offer["amount"], offer["currency"]) == (
        "charge",
        "cardano",
        None,
        "lovelace",
    )
    assert all("402" in document["paths"][path]["post"]["responses"] for path in paid)


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_person_with_a_browser_reads_what_this_is_and_how_to_pay(stage: Stage) -> None:
    answer = stage.run(
        stage.seller.http.post(BUY, json={"credits": 3}, headers={"Accept": CHROME, "Host": '"><script>'})
    )
    assert (answer.status_code, answer.headers["content-type"]) == (402, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    page = Page(answer.text)
    assert "script" not in page.tags
    for told in ("Payment required", "3.00 USD", "3 × Image", f"buyer pay {BASE}{BUY}"):
        assert told in page.words
    assert page.links == [f"{BASE}{path}" for path in ("/openapi.json", "/api/catalog", "/llms.txt")]
    assert {"payment-required", "www-authenticate"} <= set(answer.headers)


@pytest.mark.parametrize("accept", ["application/json", "text/html, application/json", "*/*", ""])
def test_a_program_is_never_sent_the_page(stage: Stage, accept: str) -> None:
    answer = stage.run(stage.seller.http.post(BUY, json={"credits": 1}, headers={"Accept": accept}))
    assert "html" not in answer.headers["content-type"]


def test_who_asks_for_a_page_at_a_use_reads_why(stage: Stage) -> None:
    answer = stage.run(stage.seller.http.post(USE, json={}, headers={"Accept": "text/html"}))
    assert "Buy credits first" in Page(answer.text).words
    assert (
        strict_json.loads(stage.run(stage.seller.http.post(USE, json={})).content)["code"]
        == "payment_required"
    )
