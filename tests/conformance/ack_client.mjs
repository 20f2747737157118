// An agent that knows npm agentcommercekit's public API alone: jobs (JSON on standard input), one result for each.
import {
  createDidKeyUri,
  createJwt,
  createJwtSigner,
  generateKeypair,
  getDidResolver,
  isPaymentReceiptCredential,
  isPaymentRequest,
  isRevocable,
  isRevoked,
  parseJwtCredential,
  verifyPaymentReceipt,
  verifyPaymentRequestToken,
} from "agentcommercekit"
import { text } from "node:stream/consumers"

const resolver = getDidResolver()
const json = { "content-type": "application/json" }

const verbs = {
  // The 402 as it comes, and what the package verifies of it.
  async ask({ url, body, accept, issuer }) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { ...json, accept },
      body: JSON.stringify(body),
    })
    const said = await answer.text()
    const type = answer.headers.get("content-type")
    const whole = type.includes("json") ? JSON.parse(said) : { paymentRequestToken: said }
    const token = whole.paymentRequestToken
    const { paymentRequest, parsed } = await verifyPaymentRequestToken(token, { resolver, issuer })
    return {
      status: answer.status,
      type,
      token,
      paymentRequest,
      issuer: parsed.issuer,
      resolved: parsed.didResolutionResult.didDocument.id,
      beside: whole.paymentRequest ?? null,
      isRequest: isPaymentRequest(whole.paymentRequest),
    }
  },
  // ACK demo's receipt service: a JWT that the payer signs.
  async claim({ seed, url, token, option, metadata }) {
    const keypair = await generateKeypair("Ed25519", Uint8Array.from(Buffer.from(seed, "hex")))
    const did = createDidKeyUri(keypair)
    const claims = { paymentRequestToken: token, paymentOptionId: option, metadata, payerDid: did }
    const payload = await createJwt(claims, { issuer: did, signer: createJwtSigner(keypair) }, { alg: "EdDSA" })
    const answer = await fetch(url, { method: "POST", headers: json, body: JSON.stringify({ payload }) })
    return { status: answer.status, body: await answer.json() }
  },
  async verify({ receipt, trusted, issuer }) {
    const found = await verifyPaymentReceipt(receipt, {
      resolver,
      trustedReceiptIssuers: trusted,
      paymentRequestIssuer: issuer,
    })
    return { receipt: found.receipt, paymentRequest: found.paymentRequest }
  },
  async standing({ receipt }) {
    const credential = await parseJwtCredential(receipt, resolver)
    return {
      isReceipt: isPaymentReceiptCredential(credential),
      isRevocable: isRevocable(credential),
      isRevoked: await isRevoked(credential, { resolver }),
      subject: credential.credentialSubject,
      type: credential.type,
    }
  },
  async use({ url, receipt, body }) {
    const headers = { ...json, authorization: `Bearer ${receipt}` }
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const type = answer.headers.get("content-type")
    return {
      status: answer.status,
      left: answer.headers.get("credits-remaining"),
      begins: bytes.subarray(0, 4).toString("hex"),
      problem: type.includes("json") ? JSON.parse(bytes) : null,
    }
  },
}

const results = []
for (const { verb, ...job } of JSON.parse(await text(process.stdin))) {
  try {
    results.push({ ok: await verbs[verb](job) })
  } catch (error) {
    results.push({ error: `${error.name}: ${error.message}`, cause: String(error.cause ?? "") })
  }
}
console.log(JSON.stringify(results))
