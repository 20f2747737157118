"""What kind of module a file is, told by its folder and its name: a new file has a kind without being listed."""

from fnmatch import fnmatchcase

#: (pattern of the dotted name, kind); the first that fits counts. What no pattern names is a flow of its room.
_KINDS = (
    ("paywall", "face"),
    ("paywall.__main__", "cli"),
    ("paywall.cli", "cli"),
    ("paywall.cli.*", "cli"),
    ("paywall.compose", "root"),
    ("paywall.seller", "root"),
    ("paywall.settings", "pure"),
    ("paywall.*.settings", "pure"),
    ("paywall.errors", "pure"),
    ("paywall.clock", "clock"),
    ("paywall.web.*", "web"),
    ("paywall.database.*", "database"),
    ("paywall.devnet.*", "devnet"),
    # ports: the caller owns the interface
    ("paywall.rails.base", "port"),
    ("paywall.rails.registry", "registry"),
    ("paywall.keys.signers.base", "port"),
    ("paywall.redemptions.resource", "port"),
    ("paywall.redemptions.fulfilment", "port"),
    ("paywall.products.*.maker", "port"),
    # pure rules, wherever they stand
    ("paywall.*.rules", "pure"),
    ("paywall.*.states", "pure"),
    ("paywall.*.postings", "pure"),
    ("paywall.*.prices", "pure"),
    ("paywall.*.request", "pure"),
    ("paywall.*.accounts", "pure"),
    ("paywall.*.subject", "pure"),
    ("paywall.*.presidents", "pure"),
    ("paywall.*.backlog", "pure"),
    ("paywall.burns.policies", "pure"),
    # adapters: a room each
    ("paywall.rails", "flow"),
    ("paywall.rails.*", "adapter"),
    ("paywall.keys.signers", "flow"),
    ("paywall.keys.signers.*", "adapter"),
    ("paywall.keys.ring", "registry"),
    ("paywall.burns.opening", "registry"),
    ("paywall.products", "flow"),
    ("paywall.products.*.room", "registry"),
    ("paywall.products.*.tables", "store"),
    ("paywall.products.*.records", "store"),
    ("paywall.products.*", "adapter"),
    # stores: functions that take the transaction first
    ("paywall.*.store", "store"),
    ("paywall.*.tables", "store"),
    ("paywall.*.outputs", "store"),
    ("paywall.*.rotation", "store"),
    ("paywall.ops.failpoints", "pure"),
    ("paywall.*", "flow"),
    # the buyer
    ("buyer", "face"),
    ("buyer.cli", "cli"),
    ("buyer.cli.*", "cli"),
    ("buyer.__main__", "cli"),
    ("buyer.mcp.*", "cli"),
    ("buyer.client", "root"),
    ("buyer.payers.base", "port"),
    ("buyer.payers.registry", "registry"),
    ("buyer.payers.*", "adapter"),
    ("buyer.budget", "pure"),
    ("buyer.errors", "pure"),
    ("buyer.seller.checks", "pure"),
    ("buyer.seller.catalog", "pure"),
    ("buyer.seller.typed", "pure"),
    ("buyer.purchase.machine", "pure"),
    ("buyer.purchase.evidence", "pure"),
    ("buyer.purchase.record", "pure"),
    ("buyer.proof.redemption", "pure"),
    ("buyer.proof.report", "pure"),
    ("buyer.proof.burn_checks", "pure"),
    ("buyer.proof.verify", "pure"),
    ("buyer.wallet.schema", "pure"),
    ("buyer.*", "agent"),
    ("shared.chain.base", "port"),
    ("shared.chain.*", "chain"),
    ("shared.*", "shared"),
)


def kind_of(name: str) -> str:
    """One word of `_KINDS`."""
    return next((kind for pattern, kind in _KINDS if fnmatchcase(name, pattern)), "package")
