"""Holds answers to the OpenAPI document: status, media type, headers and body."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator

Document = dict[str, Any]


class Described:
    """The document, read strictly: an object may have the members that are described, and no others."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._components = _closed(document["components"])
        self._paths = {
            re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)): item for path, item in document["paths"].items()
        }

    def operation(self, method: str, path: str) -> Document:
        exact = self._document["paths"].get(path)
        found = exact or next(item for pattern, item in self._paths.items() if pattern.fullmatch(path))
        operation: Document = found[method.lower()]
        return operation

    def check(self, answer: httpx.Response) -> None:
        """Asserts that the document describes this answer to its request."""
        path = answer.request.url.path
        operation = self.operation(answer.request.method, path)
        where = f"{answer.request.method} {path} {answer.status_code}"
        assert str(answer.status_code) in operation["responses"], f"{where}: {answer.text}"
        told = operation["responses"][str(answer.status_code)]
        for name in told["headers"]:
            if name not in {
                "Retry-After",
                "Credits-Remaining",
                "Redemption-Id",
                "Location",
                "Idempotent-Replayed",
                "PAYMENT-RESPONSE",
                "X-PAYMENT-RESPONSE",
                "Payment-Receipt",
            }:
                assert name in answer.headers, f"{where} has no {name}"
        if not told["content"]:
            assert answer.content == b"", where
            return
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in told["content"], f"{where} is {media_type}"
        if "json" in media_type:
            errors = list(self.errors(told["content"][media_type]["schema"], answer.json()))
            assert errors == [], where

    def errors(self, schema: Document, value: object) -> Iterator[str]:
        """What in `value` the schema does not allow."""
        whole = {**schema, "components": self._components}
        for error in OAS31Validator(whole).iter_errors(value):
            yield f"{error.json_path}: {error.message}"


def _closed(value: Any) -> Any:
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    closed = {name: _closed(item) for name, item in value.items()}
    if value.get("type") == "object" and "required" in value:
        closed["additionalProperties"] = False
    return closed
