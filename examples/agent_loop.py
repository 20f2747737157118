"""An agent that may spend: a language model with three tools, and a budget that holds whatever the model says.

OPENAI_API_KEY=… BUYER_WALLET=wallet.db python examples/agent_loop.py "Draw Abraham Lincoln."
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

from buyer import Budget, BuyerClient, BuyerError, Wallet
from buyer.errors import ApprovalNeeded, OverBudget
from buyer.redemptions.images import GeneratedImage

MOST = Budget(per_purchase="2.00 USD")
MODEL = os.environ.get("OPENAI_MODEL", "gpt-5-mini")
#: what the model cannot mend by itself
HUMAN = (OverBudget, ApprovalNeeded)
NUMBER = {"type": "integer", "minimum": 1}


def tool(name: str, description: str, /, **parameters: Any) -> Any:
    schema = {
        "type": "object",
        "properties": parameters,
        "required": list(parameters),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


TOOLS = [
    tool("quote", "What so many credits cost now. Buys nothing.", credits=NUMBER),
    tool("buy", "Buy so many credits, within the owner's budget.", credits=NUMBER),
    tool(
        "draw", "Use one credit for a picture of a US president of the 19th century.", name={"type": "string"}
    ),
]


class Tools:
    """What the model may ask for. An error is an answer, too: the model is told why, and nothing was paid."""

    def __init__(self, client: BuyerClient) -> None:
        self._client = client

    async def use(self, name: str, said: Mapping[str, Any]) -> str:
        try:
            return json.dumps(await self._use(name, said))
        except BuyerError as error:
            return json.dumps({"error": str(error), "ask_your_human": isinstance(error, HUMAN)})

    async def _use(self, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
        match name:
            case "quote":
                return {"price": str((await self._client.rehearse(said["credits"])).price)}
            case "buy":
                receipt = await self._client.buy(said["credits"])
                return {"receipt": receipt.id, "paid": str(receipt.price)}
            case "draw":
                receipt = self._client.receipts()[0]
                image = await self._client.generate(receipt, name=said["name"])
                return {"file": save(image), "credits_left": image.credits_remaining}
        return {"error": f"There is no tool {name!r}."}


def save(image: GeneratedImage) -> str:
    """Under a name that nobody else chose."""
    path = Path(f"{image.redemption_id}.{image.extension}")
    path.write_bytes(image.content)
    return str(path)


async def run(task: str) -> str:
    """The model's last word."""
    seller = os.environ.get("BUYER_SELLER", "http://127.0.0.1:8402")
    wallet = Wallet.open(os.environ.get("BUYER_WALLET", "wallet.db"))
    messages: list[Any] = [{"role": "user", "content": task}]
    async with AsyncOpenAI() as model, BuyerClient(seller, wallet=wallet, budget=MOST) as client:
        tools = Tools(client)
        for _ in range(12):
            answer = await model.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
            said = answer.choices[0].message
            messages.append(said.model_dump(exclude_none=True))
            if not said.tool_calls:
                return said.content or ""
            for call in said.tool_calls:
                assert call.type == "function"
                used = await tools.use(call.function.name, json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": used})
    return "It took too many steps."


if __name__ == "__main__":
    print(asyncio.run(run(sys.argv[1])))  # noqa: T201  an example
