"""Logging: one plain or JSON line an event on stderr; never a token, a key or a prompt."""

import json
import logging
import sys
import time
from functools import lru_cache

_OWN = ("request_id", "milliseconds")


class PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{_stamp(int(record.created))} {record.levelname.lower()} {record.getMessage()}"
        own = "".join(f" {name}={getattr(record, name)}" for name in _OWN if hasattr(record, name))
        trouble = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return line + own + trouble


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: getattr(record, name) for name in _OWN if hasattr(record, name)},
        }
        if record.exc_info:
            entry["trouble"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


@lru_cache(maxsize=1)
def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def start_logging(style: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # No line of ours tells the caller's file, thread or process: finding them out is half a line's cost.
    logging._srcfile = None  # noqa: SLF001  the logging HOWTO's own way ("Optimization")
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.getLogger("paywall").setLevel(logging.INFO)
