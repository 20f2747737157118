"""The OpenAPI 3.1 document."""

from typing import Any


def document(service_url: str) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "paywall", "version": "0.1.0"}, "paths": {}}
