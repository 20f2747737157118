"""The scheme's rules, on what a transaction says and what the chain said of its inputs. Pure.

By number as in the specification: 1 network, 2 to 4 recipient, amount and asset, 5 nonce, 6 phase 1, 7 expiry, 8 the
least in an output.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from shared.cardano import fees
from shared.cardano.addresses import InvalidAddressError, key_hash, payment_key_hash
from shared.cardano.coins import Parameters
from shared.cardano.metadata import read_payment
from shared.cardano.network import ledger_id
from shared.cardano.read.output_sizes import output_sizes
from shared.cardano.read.transaction import Output, ParsedTransaction
from shared.x402_cardano.reasons import ExactReason, ExactRefusal
from shared.x402_cardano.requirements import ExactRequirements
from shared.x402_cardano.shown_payment import ExactPayment

#: transactions whose outputs a payment may spend: each is a look at the chain
MOST_PARENTS = 20


def check_alone(shown: ExactPayment) -> None:
    """What the bytes tell by themselves: rules 1 to 5, and that they do nothing but pay. Errors: ExactRefusal."""
    transaction = shown.transaction
    if transaction.network_id not in {None, ledger_id(shown.requirements.network)}:
        raise ExactRefusal(ExactReason.NETWORK_ID, "the transaction is for another network")
    if not transaction.signers:
        raise ExactRefusal(ExactReason.UNSIGNED, "nobody signed the transaction")
    if shown.nonce not in transaction.inputs:
        raise ExactRefusal(ExactReason.NONCE_NOT_SPENT, "the nonce is none of the outputs that it spends")
    _check_plain(transaction)
    if read_payment(transaction.metadata) != shown.requirements.commitment:
        # Shown to whom it names as well, it would pay twice.
        raise ExactRefusal(
            ExactReason.PAYLOAD, "its metadata name another payment request, or not what they must"
        )
    if len({parent for parent, _ in transaction.inputs}) > MOST_PARENTS:
        message = (
            f"it spends outputs of more than {MOST_PARENTS} transactions, which is more than is looked at"
        )
        raise ExactRefusal(ExactReason.PHASE_1, message)
    check_pays(transaction, shown.requirements)


def _check_plain(transaction: ParsedTransaction) -> None:
    unusual = (*transaction.unusual, *(["mint"] if transaction.mint else []))
    if unusual:
        raise ExactRefusal(ExactReason.PHASE_1, f"a payment is plain; this one has: {', '.join(unusual)}")
    # Whoever saw another's transaction can cut its metadata off: the id stays, and no node takes it.
    if not transaction.auxiliary_data_hash_ok:
        raise ExactRefusal(ExactReason.PHASE_1, "its metadata are not those that its body names")


def check_pays(transaction: ParsedTransaction, asked: ExactRequirements) -> None:
    """One output pays all: the sum of several is not what was asked for. Errors: ExactRefusal."""
    paying = [output for output in transaction.outputs if output.address == asked.pay_to]
    if not paying:
        raise ExactRefusal(ExactReason.RECIPIENT, f"it pays nothing to {asked.pay_to}")
    if asked.is_lovelace:
        held = [output.lovelace for output in paying if not output.tokens]
    else:
        held = [output.tokens[asked.asset] for output in paying if output.tokens.keys() == {asked.asset}]
    if not held:
        # Other tokens beside it would lock some of the ADA that was paid, at the seller's cost.
        raise ExactRefusal(ExactReason.ASSET, "no output to payTo holds what was asked for, and nothing else")
    if max(held) < asked.amount:
        raise ExactRefusal(ExactReason.AMOUNT, f"it pays {max(held)} of {asked.amount}")


def check_window(transaction: ParsedTransaction, slot: int, seconds: int) -> None:
    """Rule 7, at the slot that it is now. A slot is a second since Shelley. Errors: ExactRefusal."""
    expiry = transaction.expiry_slot
    if expiry is None or expiry > slot + seconds:
        # What could land at any time would be money for which nobody waits any more.
        raise ExactRefusal(ExactReason.EXPIRES_LATE, f"it must expire by slot {slot + seconds}")
    if expiry <= slot:
        raise ExactRefusal(ExactReason.EXPIRED, f"it expired at slot {expiry}")
    if transaction.valid_from is not None and transaction.valid_from > slot:
        raise ExactRefusal(ExactReason.NOT_YET, f"it is not valid before slot {transaction.valid_from}")


def check_spender(transaction: ParsedTransaction, spent: Output, asked: ExactRequirements) -> None:
    """Whose an input is. A witness alone proves nothing, for it is no part of the id. Errors: ExactRefusal."""
    owner = _key_of(spent.address)
    if owner is None:
        raise ExactRefusal(ExactReason.PHASE_1, "it spends what a script guards, or a Byron address")
    if owner not in {key_hash(key) for key in transaction.signers}:
        raise ExactRefusal(ExactReason.SIGNATURE, "the key of an address that it spends from did not sign")
    if owner == _key_of(asked.pay_to):
        raise ExactRefusal(ExactReason.RECIPIENT, "it spends money of the address that it pays")


def check_balance(shown: ExactPayment, spent: Iterable[Output], parameters: Parameters) -> None:
    """Rules 6 and 8: value in is value out, the fee suffices, each output holds enough. Errors: ExactRefusal."""
    transaction = shown.transaction
    came = _sum((output.lovelace, output.tokens) for output in spent)
    went = _sum((output.lovelace, output.tokens) for output in transaction.outputs)
    went[""] += transaction.fee
    if came != went:
        raise ExactRefusal(
            ExactReason.UNBALANCED, "what it spends is not what it pays, gives back and burns as fee"
        )
    if transaction.fee < (least := fees.least_fee(transaction.size, parameters)):
        raise ExactRefusal(
            ExactReason.FEE, f"its fee is {transaction.fee} lovelace, and the least is {least}"
        )
    if transaction.size > parameters.max_tx_size:
        raise ExactRefusal(ExactReason.PHASE_1, f"it is larger than {parameters.max_tx_size} bytes")
    _check_outputs(transaction.outputs, output_sizes(shown.raw), parameters)


def _check_outputs(outputs: Sequence[Output], sizes: Sequence[int], parameters: Parameters) -> None:
    for output, size in zip(outputs, sizes, strict=True):
        if output.lovelace < (least := fees.least_lovelace_of_size(size, parameters)):
            raise ExactRefusal(
                ExactReason.MIN_UTXO, f"an output holds {output.lovelace} lovelace, and the least is {least}"
            )


def _sum(values: Iterable[tuple[int, Mapping[str, int]]]) -> Counter[str]:
    """By unit; lovelace has none."""
    total: Counter[str] = Counter({"": 0})
    for lovelace, tokens in values:
        total[""] += lovelace
        total.update(tokens)
    return total


def _key_of(address: str) -> bytes | None:
    try:
        return payment_key_hash(address)
    except InvalidAddressError:
        return None  # Byron's
