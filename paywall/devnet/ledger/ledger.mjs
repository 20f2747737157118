// The ledger rules: scalus' Emulator behind JSON lines. One request a line on stdin, one answer a line on stdout, in
// order. Bytes travel as hex. The end of stdin ends this process, so it can never outlive the devnet.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Emulator, Scalus, SlotConfig } = createRequire(process.argv[2])("scalus");
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const SLOT_MS = 1000;

let slots;
let emulator;

const operations = {
  load({ utxos, genesis_time }) {
    slots = new SlotConfig(genesis_time * 1000, 0, SLOT_MS);
    emulator = new Emulator(bytes(utxos), slots);
    return {};
  },
  submit({ transaction, slot }) {
    emulator.setSlot(slot);
    const verdict = emulator.submitTx(bytes(transaction));
    return verdict.isSuccess ? { tx_hash: verdict.txHash } : { refusal: reason(verdict.error, verdict.logs) };
  },
  evaluate({ transaction, utxos, cost_models }) {
    const redeemers = Scalus.evalPlutusScripts(bytes(transaction), bytes(utxos), slots, cost_models);
    return {
      redeemers: redeemers.map(({ tag, index, budget }) => ({
        tag,
        index,
        memory: Number(budget.memory),
        steps: Number(budget.steps),
      })),
    };
  },
};

function reason(error, logs) {
  return logs?.length ? `${error} (script logs: ${logs.join("; ")})` : String(error);
}

function answer(line) {
  const request = JSON.parse(line);
  try {
    return operations[request.operation](request);
  } catch (error) {
    return { refusal: reason(error?.message ?? error, error?.logs) };
  }
}

process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(line)) + "\n");
}
