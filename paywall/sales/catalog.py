"""The products that the seller's catalog names."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from paywall.errors import SetupError
from paywall.sales.prices import Product, read_catalog


def open_catalog(path: Path) -> dict[str, Product]:
    """Products by id, from the TOML file at `path`. Errors: SetupError."""
    try:
        return read_catalog(tomllib.loads(path.expanduser().read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"The catalog {path} cannot be read: {error}") from error


def with_products(catalog: Mapping[str, Product], more: Sequence[Product]) -> dict[str, Product]:
    """The catalog's products and these. Errors: SetupError when two are of one id."""
    products = {**catalog, **{product.id: product for product in more}}
    if len(products) != len(catalog) + len(more):
        raise SetupError("Two products have one id, or one has the id of a product in the catalog.")
    return products


def require_products(products: Iterable[str], wanted: Iterable[tuple[str, str]]) -> None:
    """`wanted` are (path, product). Errors: SetupError when a path would sell what the catalog has not."""
    known = set(products)
    for path, product in wanted:
        if product not in known:
            raise SetupError(f"The catalog has no product {product!r}, which {path} sells.")


def catalog_of(
    *, seller: str, network: str, chain_url: str | None, token: str | None, **entries: list[Any]
) -> dict[str, Any]:
    """The body of `GET /api/catalog`. `entries` are its lists; `chain_url` is None but for play money."""
    return {
        "seller": seller,
        "network": network,
        **({} if chain_url is None else {"chain": {"blockfrost": chain_url}}),
        **({} if token is None else {"token": token}),
        **entries,
    }
