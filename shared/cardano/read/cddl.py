"""The numbers that stand for fields in a transaction (Conway CDDL)."""

from enum import IntEnum


class Field(IntEnum):
    """Keys of the transaction body."""

    INPUTS = 0
    OUTPUTS = 1
    FEE = 2
    EXPIRY_SLOT = 3
    CERTIFICATES = 4
    WITHDRAWALS = 5
    AUXILIARY_HASH = 7
    VALID_FROM = 8
    MINT = 9
    SCRIPT_DATA_HASH = 11
    COLLATERAL = 13
    REQUIRED_SIGNERS = 14
    NETWORK_ID = 15
    COLLATERAL_RETURN = 16
    TOTAL_COLLATERAL = 17
    REFERENCE_INPUTS = 18
    VOTES = 19
    PROPOSALS = 20
    TREASURY_VALUE = 21
    DONATION = 22


class Witness(IntEnum):
    """Keys of the witness set."""

    KEYS = 0
    NATIVE_SCRIPTS = 1
    BOOTSTRAP = 2
    PLUTUS_V1 = 3
    PLUTUS_DATA = 4
    REDEEMERS = 5
    PLUTUS_V2 = 6
    PLUTUS_V3 = 7


# What a plain payment, mint or burn is made of; everything else is reported as unusual.
USUAL_FIELDS = frozenset(
    {
        Field.INPUTS,
        Field.OUTPUTS,
        Field.FEE,
        Field.EXPIRY_SLOT,
        Field.AUXILIARY_HASH,
        Field.VALID_FROM,
        Field.MINT,
        Field.REQUIRED_SIGNERS,
        Field.NETWORK_ID,
    }
)
USUAL_WITNESSES = frozenset({Witness.KEYS, Witness.NATIVE_SCRIPTS})
REQUIRED_FIELDS = frozenset({Field.INPUTS, Field.OUTPUTS, Field.FEE})
AUXILIARY_TAG = 259
