"""Who may import what: the table of the design, as a test that goes by folder."""

from functools import cache

import pytest

import paywall
from tests.architecture.kinds import kind_of
from tests.architecture.modules import Module, modules, within

NETWORK = ("httpx", "requests", "urllib.request", "socket", "aiohttp", "http.client")
SERVER = ("starlette", "uvicorn", "h11", "httptools")
SQL = ("sqlalchemy", "sqlmodel")
CHANCE = ("time", "os", "random", "secrets")
#: by which a module reaches outside without being named in `NEVER`
IMPURE = ("pathlib", "sqlite3", "subprocess", "threading", "asyncio", "signal", "logging")

#: by the public face whatever there is could be had: it is for programs outside
FACE = tuple(f"paywall.{name}" for name in paywall.__all__)

_INNER = ("pure", "port", "store", "flow", "database", "shared", "clock", "disk")

#: kind → the kinds of ours that it may import; every kind has its row
MAY: dict[str, set[str]] = {
    "pure": {"pure", "port", "shared", "environment"},
    "port": {"pure", "port", "shared"},
    "store": {"pure", "port", "store", "database", "shared"},
    "adapter": {"pure", "port", "shared", "clock", "disk", "chain", "face"},
    "flow": {"pure", "port", "store", "flow", "database", "shared", "chain", "clock", "disk"},
    "agent": {"pure", "port", "agent", "registry", "shared", "chain"},
    "web": {"pure", "port", "flow", "web", "shared", "clock", "face"},
    # the web server below the app, which it is handed
    "serving": {"pure", "shared", "serving"},
    "database": {"pure", "store", "database", "flow", "disk"},
    "shared": {"shared"},
    "chain": {"shared", "chain", "port"},
    # what finds the implementations of a port: those of its own room alone
    "registry": {*_INNER, "registry", "adapter", "agent"},
    # another program, but for the child that starts it for a seller and mints there
    "devnet": {"pure", "port", "flow", "devnet", "shared", "chain", "disk"},
    "root": {*_INNER, "registry", "adapter", "agent", "chain", "web", "devnet", "root", "serving"},
    "cli": {
        *(*_INNER, "registry", "adapter", "agent", "chain", "devnet", "root", "cli", "serving"),
        *("environment", "program"),
    },
    "face": {"pure", "environment", "port", "flow", "adapter", "agent", "shared", "root", "web"},
    "environment": {"pure"},
    # what stands on the public face, as a program outside does
    "program": {"pure", "face", "web", "shared", "program"},
    "clock": set(),
    "disk": set(),
    "package": set(),
}
#: what a chain knows nothing of
SELLING = (
    *("sales", "payments", "credits", "redemptions", "proofs", "accounts", "content", "payouts", "rails"),
    *("products", "database", "web", "ops"),
)
#: kind → what else it must not import
NEVER = {
    "pure": (*CHANCE, *SQL, *NETWORK, *SERVER),
    "port": (*SQL, *NETWORK, *SERVER, *FACE),
    "store": (*NETWORK, *SERVER, *FACE, "shared.chain"),
    "adapter": (*SQL, *SERVER, *FACE),
    "flow": (*SERVER, *NETWORK, *FACE),
    "agent": (*SERVER,),
    "serving": (*SQL, "starlette", "httpx", *FACE),
    "web": (*SQL, *NETWORK, "paywall.Paywall", "paywall.Seller"),
    "shared": (*CHANCE, *SQL, *NETWORK, *SERVER, "asyncio", "pathlib", "subprocess"),
    "registry": (*SERVER, *FACE),
    "devnet": (*SQL, *FACE, *(f"paywall.{room}" for room in SELLING)),
    "root": (*SQL, *FACE, "paywall.cli", "buyer.cli"),
    "cli": SQL,
    "clock": (*SQL, *NETWORK, *SERVER),
}
#: (who, what it must not import, why)
SIDES = [
    ("shared", ("paywall", "buyer"), "shared knows neither side"),
    ("buyer", ("paywall",), "the buyer trusts nothing of the seller's"),
    ("paywall", ("buyer",), "the seller knows no buyer"),
]


@pytest.mark.parametrize(("who", "banned", "why"), SIDES, ids=[side[2] for side in SIDES])
def test_no_side_imports_another(who: str, banned: tuple[str, ...], why: str) -> None:
    found = [
        f"{module.name} imports {name}: {why}"
        for module in modules(who)
        for name in sorted(module.imports)
        if within(name, *banned)
    ]
    assert found == []


@cache
def _ours(module: Module) -> list[str]:
    """The modules of ours that it imports, by their whole names; a package by itself says nothing."""
    return sorted(name for name in module.imports & _names() if not within(module.name, name))


@cache
def _names() -> frozenset[str]:
    return frozenset(other.name for other in modules() if other.path.name != "__init__.py")


def test_every_kind_of_module_has_its_row() -> None:
    assert {kind_of(module.name) for module in modules()} - MAY.keys() == set()


def test_what_finds_implementations_imports_those_of_its_own_room_alone() -> None:
    found = [
        f"{module.name} imports {name}"
        for module in modules()
        if kind_of(module.name) == "registry"
        for name in _ours(module)
        if kind_of(name) == "adapter" and not within(name, ".".join(module.name.split(".")[:2]))
    ]
    assert found == []


@pytest.mark.parametrize("kind", sorted(MAY))
def test_a_kind_of_module_imports_the_kinds_that_it_may(kind: str) -> None:
    allowed = MAY[kind]
    found = [
        f"{module.name} ({kind}) imports {name} ({kind_of(name)})"
        for module in modules()
        if kind_of(module.name) == kind
        for name in _ours(module)
        if kind_of(name) not in allowed and not _same_room(module.name, name)
    ]
    assert found == []


def _same_room(one: str, other: str) -> bool:
    """Two files of one adapter's room, or of a room within it."""
    both = {kind_of(one), kind_of(other)}
    room = one.rpartition(".")[0]
    return both <= {"adapter", "port"} and within(other, room)


@pytest.mark.parametrize("kind", sorted(NEVER))
def test_a_kind_of_module_never_imports_what_is_not_its_business(kind: str) -> None:
    found = [
        f"{module.name} ({kind}) imports {name}"
        for module in modules()
        if kind_of(module.name) == kind
        for name in sorted(module.imports)
        if within(name, *NEVER[kind])
    ]
    assert found == []


@pytest.mark.parametrize("kind", ["flow", "agent"])
def test_what_could_be_pure_is_named_as_pure(kind: str) -> None:
    """No rule may escape its own by the name of its file: what no pattern names counts as a flow."""
    found = [
        f"{module.name} ({kind}) does nothing that pure rules may not: name it in kinds.py"
        for module in modules()
        if kind_of(module.name) == kind and module.path.name != "__init__.py"
        if {kind_of(name) for name in _ours(module)} <= MAY["pure"]
        if not any(within(name, *NEVER["pure"], *IMPURE) for name in module.imports)
        if "async def" not in module.path.read_text("utf-8")
    ]
    assert found == []


def test_the_composition_root_is_imported_by_the_commands_and_the_face_alone() -> None:
    found = [
        f"{module.name} imports {name}"
        for module in modules()
        for name in sorted(module.imports)
        if within(name, "paywall.compose", "paywall.seller")
        and kind_of(module.name) not in {"cli", "face", "root"}
    ]
    assert found == []


def test_only_the_settings_and_the_commands_read_the_environment() -> None:
    found = [
        module.name
        for module in modules("paywall", "shared")
        if "os.environ" in module.path.read_text("utf-8")
        and kind_of(module.name) not in {"cli", "environment"}
    ]
    assert found == []


#: what only some rooms of the seller and the buyer may know
SECRETS = [
    ("paywall.products.images", ("paywall.products.images", "paywall.compose", "paywall.cli"), "images"),
    ("shared.dialects.ack", ("paywall.web", "paywall.compose"), "a dialect"),
    ("paywall.rails.cardano", ("paywall.rails.cardano",), "how Cardano pays"),
    (
        "shared.cardano",
        (
            *("paywall.rails.cardano", "paywall.burns", "paywall.proofs", "paywall.devnet", "paywall.cli"),
            *("paywall.facilitator", "paywall.schemes"),
        ),
        "Cardano",
    ),
    ("shared.dialects.ack", ("buyer.seller.dialect",), "a dialect"),
    ("buyer.payers.cardano", ("buyer.payers.cardano",), "how Cardano is paid"),
    (
        "shared.cardano",
        (
            *(
                "buyer.payers.cardano",
                "buyer.paying.words.cardano_words",
                "buyer.wallet",
                "buyer.proof",
                "buyer.cli",
            ),
            "buyer.schemes",
        ),
        "Cardano",
    ),
    ("buyer.redemptions.images", ("buyer.redemptions", "buyer.client", "buyer.cli"), "images"),
]


@pytest.mark.parametrize(
    ("what", "rooms", "name"),
    SECRETS,
    ids=[f"{rooms[0].partition('.')[0]}: {name}" for _, rooms, name in SECRETS],
)
def test_no_other_room_knows(what: str, rooms: tuple[str, ...], name: str) -> None:
    found = [
        f"{module.name} imports {one}: it is not to know {name}"
        for module in modules(rooms[0].partition(".")[0])
        if not within(module.name, *rooms)
        for one in sorted(module.imports)
        if within(one, what)
    ]
    assert found == []
