"""The settings of the API's web surface: whose pages may call it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

ANY, NONE = "*", "none"
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`cors_origins` are origins with commas between them, `*` for every one, or `none`."""

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    cors_origins: str = ANY

    @property
    def origins(self) -> frozenset[str]:
        """Each as a browser spells it; `*` alone stands for all of them."""
        if self.cors_origins == NONE:
            return frozenset()
        return frozenset(origin.strip() for origin in self.cors_origins.split(","))

    def rules(self) -> Iterator[tuple[bool, str]]:
        spelled = all(_ORIGIN.fullmatch(origin) for origin in self.origins)
        yield (
            self.cors_origins == ANY or spelled,
            "PAYWALL_CORS_ORIGINS must be *, none, or origins such as https://example.org, with commas between.",
        )


SETTINGS = WebSettings
