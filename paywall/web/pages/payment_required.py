"""The 402 for a person with a browser: what this is, what it costs, and how to pay."""

from html import escape

from shared.dialects.base import Offer, Response402Parts
from shared.money import Money
from shared.text import clean
from shared.tokens.prt import iso_time

MEDIA_TYPE = "text/html"
#: nothing is loaded, run or framed: the page is text
HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
DOCUMENTS = ("/openapi.json", "/api/catalog", "/llms.txt")
LONGEST = 300
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1{font-size:1.4rem}code,pre{font:14px/1.5 ui-monospace,monospace;background:#f4f4f4;overflow-wrap:anywhere}"
    "pre{padding:.8rem;white-space:pre-wrap}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}code,pre{background:#262626}}"
)


def page(offer: Offer) -> Response402Parts:
    """The body for `Accept: text/html`. Every text in it is cleaned and escaped."""
    return Response402Parts(HEADERS, lambda: _html(offer).encode(), f"{MEDIA_TYPE}; charset=utf-8")


def _html(offer: Offer) -> str:
    request = offer.request
    why = f"<p>{_text(offer.problem.detail)}</p>" if offer.problem is not None else ""
    options = "".join(
        f"<tr><td>{_text(Money(int(option.amount), option.currency, option.decimals))}</td>"
        f"<td>{_text(option.network or '')}</td><td><code>{_text(option.recipient)}</code></td></tr>"
        for option in request.options
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Payment required</title>'
        f"<style>{_STYLE}</style></head><body><h1>Payment required</h1>{why}"
        f"<p>This address sells to programs over HTTP 402. It asks for <b>{_text(request.price)}</b>: "
        f"{_text(request.description)}. What is bought are credits; a receipt shows them, and each use takes some.</p>"
        f"<table><tr><th>Amount</th><th>Network</th><th>To</th></tr>{options}</table>"
        f"<p>The offer ends at {_text(iso_time(request.expires_at))}. Do not send money by hand: a payment must name "
        "the offer, and an agent makes it so.</p><h2>How to pay</h2><ul>"
        f"<li>the command of this project: <pre>buyer pay {_text(offer.url)} --dry-run</pre></li>"
        "<li>any agent that speaks x402, MPP or ACK-Pay: this answer's headers ask for the same in their words</li>"
        f"<li>for programs: {', '.join(_link(request.service_callback or '', path) for path in DOCUMENTS)}</li></ul>"
        "</body></html>"
    )


def _link(service_url: str, path: str) -> str:
    return f'<a href="{_text(service_url + path)}">{_text(path)}</a>'


def _text(value: object) -> str:
    return escape(clean(str(value), LONGEST))
