// Runs npm agentcommercekit over a list of jobs (JSON on standard input) and prints one result for each.
import {
  createDidKeyUri,
  createJwt,
  createJwtSigner,
  createPaymentReceipt,
  createPaymentRequestToken,
  generateKeypair,
  getDidResolver,
  signCredential,
  verifyJwt,
  verifyPaymentReceipt,
  verifyPaymentRequestToken,
} from "agentcommercekit"
import { text } from "node:stream/consumers"

const resolver = getDidResolver()

async function signing(seed) {
  const keypair = await generateKeypair("Ed25519", Uint8Array.from(Buffer.from(seed, "hex")))
  return { signer: createJwtSigner(keypair), did: createDidKeyUri(keypair) }
}

const verbs = {
  async verifyRequest({ token, issuer }) {
    const { paymentRequest, parsed } = await verifyPaymentRequestToken(token, { resolver, issuer })
    return { paymentRequest, payload: parsed.payload }
  },
  async verifyReceipt({ token, trusted, issuer }) {
    const { receipt, paymentRequest } = await verifyPaymentReceipt(token, {
      resolver,
      trustedReceiptIssuers: trusted,
      paymentRequestIssuer: issuer,
    })
    return { receipt, paymentRequest }
  },
  async verifyClaim({ token }) {
    return (await verifyJwt(token, { resolver, policies: { aud: false } })).payload
  },
  async makeRequest({ seed, request }) {
    const { signer, did } = await signing(seed)
    const token = await createPaymentRequestToken(request, { issuer: did, signer, algorithm: "EdDSA" })
    return { token, did }
  },
  async makeReceipt({ seed, id, payer, expires, ...rest }) {
    const { signer, did } = await signing(seed)
    const receipt = createPaymentReceipt({
      issuer: did,
      payerDid: payer,
      expirationDate: expires === undefined ? undefined : new Date(expires * 1000),
      ...rest,
    })
    const token = await signCredential({ ...receipt, id }, { did, signer, alg: "EdDSA" })
    return { token, did }
  },
  async makeClaim({ seed, claims }) {
    const { signer, did } = await signing(seed)
    const token = await createJwt({ ...claims, payerDid: did }, { issuer: did, signer }, { alg: "EdDSA" })
    return { token, did }
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
