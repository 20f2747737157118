"""Short words for JSON Schemas (2020-12)."""

from typing import Any

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def record(required: Schema, optional: Schema | None = None, **more: Any) -> Schema:
    """An object with these members."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required), **more}


def list_of(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def whole(description: str = "", minimum: int = 0, **more: Any) -> Schema:
    return {"type": "integer", "minimum": minimum, **said(description), **more}


def text(description: str = "", **more: Any) -> Schema:
    return {"type": "string", **said(description), **more}


def one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def nullable(schema: Schema) -> Schema:
    return {"oneOf": [schema, {"type": "null"}]}


def said(description: str) -> Schema:
    return {"description": description} if description else {}


UNIX_TIME = "Unix seconds"
UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
HASH = text("64 hex digits", pattern="^[0-9a-f]{64}$")
ASSET = text("the custodial token, policy id and name in hex", pattern=r"^[0-9a-f]{56}\.([0-9a-f]{2}){0,32}$")
TOKEN = text(
    "a compact JWS (RFC 7515), EdDSA",
    pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
    maxLength=8192,
)
