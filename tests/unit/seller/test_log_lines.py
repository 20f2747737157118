"""What strangers wrote does what letters do, and no more, wherever the seller shows it."""

import asyncio
import json
import logging
import time

import pytest

from paywall.errors import ClaimInvalid
from paywall.ops.logs import REQUESTS, JsonFormatter, PlainFormatter, RequestLines

#: escape sequences, line breaks of every kind, bidirectional controls, tags, NUL, half a character
WORDS = "a\x1b[31mb\r\nc\x85d\u2028e\u202ef\u2066g\U000e0041h\0i\ud800j"
SHOWN = "a [31mb  c d e f g h i j"


class Told(Exception):
    """Shows itself as what it was told, as the errors of most libraries do."""


def entry(words: str, trouble: Exception | None = None) -> logging.LogRecord:
    found = None if trouble is None else (type(trouble), trouble, None)
    return logging.LogRecord("paywall", logging.WARNING, __file__, 1, "refused: %s", (words,), found)


def test_a_plain_entry_is_one_line_whatever_a_stranger_wrote() -> None:
    line = PlainFormatter().format(entry(WORDS))
    assert line.endswith(f" warning refused: {SHOWN}")
    assert line.isprintable()


def test_a_json_entry_holds_nothing_that_reads_otherwise_than_it_is() -> None:
    line = JsonFormatter().format(entry(WORDS))
    assert json.loads(line)["message"] == f"refused: {SHOWN}"
    assert line.isprintable()


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()], ids=["plain", "json"])
def test_no_line_of_a_traceback_passes_for_an_entry(formatter: logging.Formatter) -> None:
    forged = "x\n2026-01-01T00:00:00Z info all is well"
    shown = formatter.format(entry("them", Told(f"{forged}\x1b[2J")))
    assert all(line.startswith("  ") for line in shown.splitlines()[1:])
    assert "all is well" in shown
    assert "\x1b" not in shown


def test_a_refusals_detail_that_quotes_a_stranger_is_one_plain_line() -> None:
    assert ClaimInvalid(f"The claim does not hold: {WORDS}.").problem().detail == (
        f"The claim does not hold: {SHOWN}."
    )


@pytest.mark.parametrize(
    ("style", "formatter"), [("plain", PlainFormatter()), ("json", JsonFormatter())], ids=["plain", "json"]
)
def test_a_requests_line_is_what_logging_would_have_written(
    style: str,
    formatter: logging.Formatter,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = logging.makeLogRecord(
        {
            "name": REQUESTS,
            "levelno": logging.INFO,
            "levelname": "INFO",
            "msg": "POST /api/images/buy 402",
            "created": 1795214081.25,
            "request_id": "mine-1",
            "milliseconds": 1.5,
        }
    )
    monkeypatch.setattr(time, "time", lambda: record.created)

    async def turn() -> None:
        lines = RequestLines(style)
        for _ in range(2):
            lines.add("POST /api/images/buy 402", "mine-1", 1.5)
        assert capsys.readouterr().err == "", "what ends in one turn is written at once"
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(turn())
    assert capsys.readouterr().err == f"{formatter.format(record)}\n" * 2
