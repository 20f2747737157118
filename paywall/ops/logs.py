"""Logging: one plain or JSON line an event on stderr; never a token, a key or a prompt."""

import asyncio
import json
import logging
import sys
import time
from functools import lru_cache

from shared.text import clean

#: characters of a line; strangers' words stand in some (a chain's refusal, the text of an error)
LONGEST_LINE = 4000
_OWN = ("request_id", "milliseconds")
REQUESTS = "paywall.requests"


class PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{_stamp(int(record.created))} {record.levelname.lower()} {_message(record)}"
        own = "".join(f" {name}={getattr(record, name)}" for name in _OWN if hasattr(record, name))
        # Set in, so that no line break in an error's text begins what looks like an entry of its own.
        trouble = "".join(f"\n  {told}" for told in _trouble(self, record))
        return line + own + trouble


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **{name: getattr(record, name) for name in _OWN if hasattr(record, name)},
        }
        if record.exc_info:
            entry["trouble"] = "\n".join(_trouble(self, record))
        return json.dumps(entry, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """One line, whatever strangers wrote: no escape sequences, nothing that reads otherwise than it is."""
    return clean(record.getMessage(), LONGEST_LINE)


def _trouble(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    told = formatter.formatException(record.exc_info) if record.exc_info else ""
    return [clean(line, LONGEST_LINE) for line in told.splitlines()]


@lru_cache(maxsize=1)
def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


class RequestLines:
    """The line of each request, past `logging`, which takes a fifth of a 402's time; a test holds it to the same text.

    What ends in one turn of the event loop is written at once.
    """

    def __init__(self, style: str) -> None:
        self._json = style == "json"
        self._lines: list[str] = []

    def add(self, message: str, request_id: str, milliseconds: float) -> None:
        """Texts of plain characters; a turn of the loop is under way."""
        now = time.time()
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        if self._json:
            own = f'"message": "{message}", "request_id": "{request_id}", "milliseconds": {milliseconds}'
            line = f'{{"time": {round(now, 3)}, "level": "info", "logger": "{REQUESTS}", {own}}}\n'
        else:
            line = f"{_stamp(int(now))} info {message} request_id={request_id} milliseconds={milliseconds}\n"
        self._lines.append(line)

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        sys.stderr.write("".join(lines))
        sys.stderr.flush()


#: None until `start_logging`: a program that has us in it logs as it likes
_lines: RequestLines | None = None


def log_request(message: str, request_id: str, milliseconds: float) -> None:
    """One line for an answered request."""
    if _lines is not None:
        _lines.add(message, request_id, milliseconds)
    else:
        extra = {"request_id": request_id, "milliseconds": milliseconds}
        logging.getLogger(REQUESTS).info(message, extra=extra)


def start_logging(style: str) -> None:
    global _lines  # noqa: PLW0603  like the root logger's handlers, it is the process's
    _lines = RequestLines(style)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # No line of ours tells the caller's file, thread or process: finding them out is half a line's cost.
    logging._srcfile = None  # noqa: SLF001  the logging HOWTO's own way ("Optimization")
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.getLogger("paywall").setLevel(logging.INFO)
