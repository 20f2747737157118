"""The chain through Blockfrost's HTTP API (docs.blockfrost.io, version 0.1), or the devnet that speaks it."""

import re
from collections.abc import AsyncIterator, Callable, Mapping

import httpx

from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.policy import ExecutionUnits
from shared.chain import reading
from shared.chain.base import ChainUnavailable, Inclusion, SubmitRefused, SubmitUnknown, Tip, TransactionEnds
from shared.chain.transport import Answer, NoAnswer, NotSent, Transport

_PAGE = 100
_OK, _BAD_REQUEST, _NOT_FOUND, _TOO_MANY, _SERVER_ERROR = 200, 400, 404, 429, 500
_SCRIPT_HASH = re.compile(r"[0-9a-f]{56}")
_ADDRESS = re.compile(r"[0-9A-Za-z_]{8,128}")


class Blockfrost:
    """A `Chain`. Questions are repeated a little when the service is down or busy, submits never.

    `base_url` ends in `/api/v0`; `timeout` in seconds bounds each request as a whole. It keeps its
    connections, so use one for all calls in one event loop, and `aclose` it.
    """

    #: of 100 entries each; a list that goes on beyond them is not read
    most_pages = 200

    def __init__(
        self,
        base_url: str,
        project_id: str = "",
        *,
        timeout: float = 20,
        transport: httpx.AsyncBaseTransport | None = None,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        """`asked` is called before each question, and may raise an error of its own; submits are no questions."""
        self._transport = Transport(base_url, project_id, timeout, transport, asked)

    async def parameters(self) -> Parameters:
        """The parameters of this epoch, asked anew each time: they change when an epoch ends."""
        document = await self._ask("/epochs/latest/parameters")
        return Parameters(
            min_fee_a=reading.integer(document, "min_fee_a"),
            min_fee_b=reading.integer(document, "min_fee_b"),
            coins_per_utxo_byte=reading.integer(document, "coins_per_utxo_size"),
            max_tx_size=reading.integer(document, "max_tx_size"),
            plutus=reading.plutus(document),
            max_value_size=reading.integer(document, "max_val_size"),
        )

    async def tip(self) -> Tip:
        """The newest block."""
        return reading.block(await self._ask("/blocks/latest"))

    async def block_at(self, height: int) -> Tip | None:
        """The block of that height; None when there is none (yet)."""
        document = await self._look(f"/blocks/{height}")
        if document is None:
            return None
        block = reading.block(document)
        if block.height != height:
            raise reading.strange("height")  # a newer one would make what is shallow look deep
        return block

    async def utxos(self, address: str, asset: Asset | None = None) -> list[Utxo]:
        """What is unspent at `address` (holding `asset`, when given); empty for an address never used."""
        path = f"/addresses/{_safe(_ADDRESS, address)}/utxos" + (f"/{asset.unit}" if asset else "")
        # Pages shift when a block comes between them: keyed, an output counts once.
        found = {utxo.reference: utxo async for utxo in self._outputs(path, address)}
        return list(found.values())

    async def history(self, address: str) -> list[str]:
        """The hashes of every transaction that pays to or spends from `address`, oldest first."""
        path = f"/addresses/{_safe(_ADDRESS, address)}/transactions"
        return [reading.digest(entry, "tx_hash") async for entry in self._pages(path)]

    async def inclusion(self, tx_hash: str) -> Inclusion | None:
        """Where the transaction stands on the chain; None when it is not (or no longer) there."""
        document = await self._look(f"/txs/{_safe(reading.HASH, tx_hash)}")
        if document is None:
            return None
        return Inclusion(
            tx_hash=tx_hash,
            block_hash=reading.digest(document, "block"),
            height=reading.integer(document, "block_height"),
            slot=reading.integer(document, "slot"),
            time=reading.integer(document, "block_time"),
        )

    async def evaluate(self, raw: bytes) -> ExecutionUnits | None:
        """What the one script of a transaction uses; None when the service cannot tell, or the script fails.

        The signatures need not be right. Asked once: who cannot be told goes on with what he knows.
        """
        try:
            answer = await self._transport.send(
                "POST",
                "/utils/txs/evaluate",
                content=raw.hex().encode(),
                headers={"content-type": "application/cbor"},
            )
        except (NotSent, NoAnswer) as error:
            raise ChainUnavailable(f"the chain service does not evaluate: {error}") from None
        return reading.units(answer.json()) if answer.status == _OK else None

    async def transaction(self, tx_hash: str) -> bytes | None:
        """The bytes of a transaction on the chain; None when it is not there."""
        document = await self._look(f"/txs/{_safe(reading.HASH, tx_hash)}/cbor")
        if document is None:
            return None
        raw = reading.octets_or_null(document, "cbor")
        if raw is None:
            raise reading.strange("cbor")
        return raw

    async def is_waiting(self, tx_hash: str) -> bool:
        """Whether the service has the transaction in its mempool."""
        return await self._look(f"/mempool/{_safe(reading.HASH, tx_hash)}") is not None

    async def ends(self, tx_hash: str) -> TransactionEnds | None:
        """What a transaction on the chain spends and makes; None when it is not there."""
        document = await self._look(f"/txs/{_safe(reading.HASH, tx_hash)}/utxos")
        return None if document is None else reading.ends(document)

    async def supply(self, asset: Asset) -> tuple[int, int] | None:
        """(minted in all, burned in all), both ≥ 0; None for an asset that never was."""
        quantities = [quantity for _, quantity in await self.events(asset)]
        if not quantities:
            return None
        return sum(q for q in quantities if q > 0), -sum(q for q in quantities if q < 0)

    async def events(self, asset: Asset) -> list[tuple[str, int]]:
        """(transaction hash, quantity) of every mint, and of every burn below zero, oldest first."""
        return [reading.asset_event(entry) async for entry in self._pages(f"/assets/{asset.unit}/history")]

    async def circulating(self, asset: Asset) -> int | None:
        """How many there are; None for an asset that never was."""
        document = await self._look(f"/assets/{asset.unit}")
        return None if document is None else reading.integer(document, "quantity")

    async def script(self, script_hash: str) -> bytes | None:
        """The bytes of a Plutus script that the chain has seen; None for a native one too."""
        document = await self._look(f"/scripts/{_safe(_SCRIPT_HASH, script_hash)}/cbor")
        return None if document is None else reading.octets_or_null(document, "cbor")

    async def submit(self, raw: bytes) -> str:
        """Hand in signed bytes, once; the transaction hash. Raises `SubmitRefused` or `SubmitUnknown`.

        Only a refused connection and a plain 4xx mean that the service did not take it (`ChainUnavailable`);
        whatever else goes wrong, the transaction may be on its way.
        """
        try:
            answer = await self._transport.send(
                "POST", "/tx/submit", content=raw, headers={"content-type": "application/cbor"}
            )
        except NotSent as error:
            raise ChainUnavailable(f"the chain service cannot be reached: {error}") from None
        except NoAnswer as error:
            raise SubmitUnknown(f"no answer to a submit: {error}") from None
        said = self._transport.said(answer)
        if answer.status == _BAD_REQUEST:
            raise SubmitRefused(said)
        if _BAD_REQUEST < answer.status < _SERVER_ERROR and answer.status != _TOO_MANY:
            raise ChainUnavailable(f"the chain service did not take the transaction: {answer.status} {said}")
        if answer.status != _OK:
            raise SubmitUnknown(f"a submit was answered with {answer.status} {said}")
        try:
            return reading.matching(reading.HASH, answer.json(), "transaction hash")
        except ChainUnavailable as error:
            raise SubmitUnknown(f"a submit was answered strangely: {error}") from None

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._transport.aclose()

    async def _outputs(self, path: str, address: str) -> AsyncIterator[Utxo]:
        async for entry in self._pages(path):
            amounts = reading.amounts(entry)
            lovelace = amounts.pop("lovelace", 0)
            yield Utxo(
                reading.digest(entry, "tx_hash"),
                reading.integer(entry, "output_index"),
                address,
                lovelace,
                amounts,
                bare=reading.is_bare(entry),
            )

    async def _pages(self, path: str) -> AsyncIterator[object]:
        for page in range(1, self.most_pages + 1):
            entries = await self._look(path, count=_PAGE, page=page, order="asc")
            if entries is None:
                return
            if not isinstance(entries, list):
                raise reading.strange("list")
            for entry in entries:
                yield entry
            if len(entries) < _PAGE:
                return
        raise ChainUnavailable("the chain service's list does not end")

    async def _ask(self, path: str) -> object:
        document = await self._look(path)
        if document is None:
            raise ChainUnavailable(f"the chain service does not know {path}")
        return document

    async def _look(self, path: str, **query: str | int) -> object:
        answer = await self._transport.get(path, **query)
        # A wrong address of the service also answers 404: that must never read as "not on the chain".
        if answer.status == _NOT_FOUND and _says_not_found(answer):
            return None
        if answer.status != _OK:
            said = self._transport.said(answer)
            raise ChainUnavailable(f"the chain service answered {answer.status}: {said}")
        return answer.json()


def _says_not_found(answer: Answer) -> bool:
    document = answer.json()
    return isinstance(document, Mapping) and document.get("status_code") == _NOT_FOUND


def _safe(form: re.Pattern[str], text: str) -> str:
    # What becomes a part of the path must not be able to leave it.
    if not form.fullmatch(text):
        raise ValueError("not a hash or an address")
    return text
