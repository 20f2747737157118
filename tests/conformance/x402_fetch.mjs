// Calls that npm @x402/fetch pays for: [{url, method, body, key, network}] on standard input, answers on standard output.
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { ExactEvmScheme } from "@x402/evm";
import { privateKeyToAccount } from "viem/accounts";

let text = "";
for await (const part of process.stdin) text += part;
const answers = [];
for (const { url, body, key, network } of JSON.parse(text)) {
  const schemes = [{ network, client: new ExactEvmScheme(privateKeyToAccount(key)) }];
  const paying = wrapFetchWithPaymentFromConfig(fetch, { schemes });
  const answer = await paying(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  const told = answer.headers.get("payment-response");
  answers.push({
    status: answer.status,
    credits: answer.headers.get("credits-remaining"),
    body: await answer.text(),
    payment: told === null ? null : decodePaymentResponseHeader(told),
  });
}
console.log(JSON.stringify(answers));
