"""Who may import what: the table of the design, as a test."""

import pytest

from tests.architecture.modules import Module, modules, within

PURE = (
    "paywall.errors",
    "paywall.sales.prices",
    "paywall.sales.judgement",
    "paywall.credits.postings",
    "paywall.burns.states",
    "paywall.images.subject",
    "paywall.images.presidents",
    "buyer.budget",
    "buyer.checks",
    "buyer.catalog",
)
PORTS = ("paywall.rails.base", "paywall.signers.base", "paywall.images.base", "buyer.payers.base")
ADAPTERS = (
    "paywall.rails.cardano",
    "paywall.signers.file",
    "paywall.signers.aws_kms",
    "paywall.signers.pkcs11",
    "paywall.images.openai",
    "paywall.images.offline",
    "buyer.payers.cardano",
)
STORES = (
    "paywall.sales.store",
    "paywall.sales.seller_keys",
    "paywall.credits.store",
    "paywall.credits.redemptions",
    "paywall.burns.store",
    "paywall.burns.outputs",
)
FLOWS = (
    "paywall.sales.selling",
    "paywall.sales.settlement",
    "paywall.sales.status",
    "paywall.sales.receipts",
    "paywall.credits.redeeming",
    "paywall.credits.access",
    "paywall.burns.burning",
    "paywall.burns.signing",
    "paywall.burns.watching",
    "paywall.burns.custody",
    "paywall.burns.policies",
    "paywall.burns.supply",
    "paywall.minting",
    "paywall.proofs",
    "paywall.worker",
)
NETWORK = ("httpx", "requests", "urllib.request", "socket", "aiohttp", "http.client")
WEB = ("starlette", "uvicorn", "paywall.web")
ROOTS = (
    *("paywall.app", "paywall.cli", "paywall.serving", "paywall.demo"),
    *("paywall.maintenance", "paywall.key_maintenance"),
)

#: (who, what it must not import, why)
RULES = [
    (("shared",), ("paywall", "buyer"), "shared knows neither side"),
    (("buyer",), ("paywall",), "the buyer trusts nothing of the seller's"),
    (("paywall",), ("buyer",), "the seller knows no buyer"),
    (
        PURE,
        ("time", "os", "random", "secrets", "sqlalchemy", "sqlmodel", *NETWORK, *WEB),
        "rules take time and ids as arguments",
    ),
    (PORTS, (*ADAPTERS, *WEB, *NETWORK, "sqlalchemy", "sqlmodel"), "a port knows no adapter"),
    (STORES, (*NETWORK, *WEB, *ADAPTERS, "shared.chain"), "a store is inside a transaction"),
    (ADAPTERS, (*STORES, "paywall.web", "starlette"), "an adapter knows its port alone"),
    (FLOWS, (*ADAPTERS, *WEB, *NETWORK), "a flow says what happens in which order"),
    (("paywall.web",), (*STORES, *ADAPTERS, "sqlalchemy", "sqlmodel"), "web maps, it does not decide"),
]


def _modules(*names: str) -> list[Module]:
    return [module for module in modules() if within(module.name, *names)]


@pytest.mark.parametrize(("who", "banned", "why"), RULES, ids=[rule[2] for rule in RULES])
def test_nobody_imports_what_the_design_forbids(
    who: tuple[str, ...], banned: tuple[str, ...], why: str
) -> None:
    found = [
        f"{module.name} imports {name}: {why}"
        for module in _modules(*who)
        for name in sorted(module.imports)
        if within(name, *banned) and not within(name, module.name)
    ]
    assert found == []


def test_every_module_that_a_rule_names_is_there() -> None:
    names = {module.name for module in modules()}
    assert [name for name in (*PURE, *PORTS, *ADAPTERS, *STORES, *FLOWS, *ROOTS) if name not in names] == []


def test_only_the_chain_client_of_shared_does_input_and_output() -> None:
    loud = (*NETWORK, "asyncio", "os", "pathlib", "subprocess", "time", "random", "secrets")
    found = [
        f"{module.name} imports {name}"
        for module in modules("shared")
        if not within(module.name, "shared.chain")
        for name in sorted(module.imports)
        if within(name, *loud)
    ]
    assert found == []


def test_one_adapter_never_knows_another() -> None:
    found = [
        f"{module.name} imports {name}"
        for module in _modules(*ADAPTERS)
        for name in sorted(module.imports)
        if within(name, *ADAPTERS) and not within(name, module.name)
    ]
    assert found == []


def test_the_composition_root_is_imported_by_the_commands_alone() -> None:
    found = [
        f"{module.name} imports paywall.app"
        for module in modules()
        if "paywall.app" in module.imports and not within(module.name, *ROOTS)
    ]
    assert found == []


def test_only_the_settings_and_the_commands_read_the_environment() -> None:
    allowed = ("paywall.command_line", "paywall.demo")
    found = [
        module.name
        for module in modules("paywall", "shared")
        if "os.environ" in module.path.read_text("utf-8") and not within(module.name, *allowed)
    ]
    assert found == []
