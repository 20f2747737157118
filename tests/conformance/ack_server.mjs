// A seller made of npm agentcommercekit's public API alone, as its demo's server and receipt service are.
// Prints its port. `/thing?…` asks, and answers to a receipt; the query says what is odd about what it signs.
import {
  createDidDocumentFromKeypair,
  createJwt,
  createJwtSigner,
  createPaymentReceipt,
  createSignedPaymentRequest,
  curveToJwtAlgorithm,
  generateKeypair,
  getDidResolver,
  makeRevocable,
  signCredential,
  verifyJwt,
  verifyPaymentReceipt,
  verifyPaymentRequestToken,
} from "agentcommercekit"
import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { json } from "node:stream/consumers"

const { curve, encoding, recipient } = JSON.parse(process.argv[1])
const keypair = await generateKeypair(curve)
const signer = createJwtSigner(keypair)
const algorithm = curveToJwtAlgorithm(curve)
let did = ""
let base = ""
const claims = []
const oddities = new Map()

function option(odd) {
  return {
    id: "ada",
    amount: odd.has("text") ? "2000000" : 2000000,
    decimals: 6,
    currency: "ADA",
    recipient,
    network: odd.get("network") ?? "cardano:devnet",
    receiptService: `${base}/receipts`,
  }
}

async function ask(odd) {
  const usdc = { ...option(odd), id: "usdc", currency: "USDC", network: "eip155:84532" }
  const request = {
    id: randomUUID(),
    description: "a thing",
    serviceCallback: `${base}/thing`,
    expiresAt: new Date(Date.now() + (odd.has("expired") ? -60000 : 600000)),
    paymentOptions: odd.has("twice") ? [option(odd), option(odd)] : [usdc, option(odd)],
  }
  oddities.set(request.id, odd)
  if (odd.has("sub")) {
    const said = { ...request, expiresAt: request.expiresAt.toISOString(), sub: "another" }
    return { paymentRequestToken: await createJwt(said, { issuer: did, signer }, { alg: algorithm }) }
  }
  return createSignedPaymentRequest(request, { issuer: did, signer, algorithm })
}

async function issue(payload) {
  const resolver = getDidResolver()
  const { payload: claim } = await verifyJwt(payload, { resolver, policies: { aud: false } })
  const { paymentRequest } = await verifyPaymentRequestToken(claim.paymentRequestToken, { resolver, issuer: did })
  const odd = oddities.get(paymentRequest.id)
  claims.push(claim)
  let receipt = createPaymentReceipt({
    paymentRequestToken: claim.paymentRequestToken,
    paymentOptionId: odd.get("option") ?? claim.paymentOptionId,
    issuer: did,
    payerDid: odd.get("payer") ?? claim.payerDid,
    expirationDate: odd.has("forever") ? undefined : new Date(Date.now() + 600000),
    metadata: { network: claim.metadata.network },
  })
  if (!odd.has("nameless")) receipt = { ...receipt, id: `urn:uuid:${randomUUID()}` }
  if (odd.has("revocable")) {
    const list = `${base}/status`
    receipt = makeRevocable(receipt, { id: `${list}#1`, statusListIndex: 1, statusListUrl: list })
  }
  return { receipt: await signCredential(receipt, { did, signer, alg: algorithm }), details: receipt }
}

async function redeem(receipt) {
  const trusted = { resolver: getDidResolver(), trustedReceiptIssuers: [did], paymentRequestIssuer: did }
  const found = await verifyPaymentReceipt(receipt, trusted)
  return { thing: "here it is", paid: found.paymentRequest.id, by: found.receipt.credentialSubject.id }
}

async function answer(request, url) {
  const bearer = request.headers.authorization?.replace(/^Bearer /, "")
  switch (url.pathname) {
    case "/.well-known/did.json":
      return [200, createDidDocumentFromKeypair({ did, keypair, encoding })]
    case "/receipts":
      return [200, await issue((await json(request)).payload)]
    case "/claims":
      return [200, claims]
    case "/thing":
      return bearer ? [200, await redeem(bearer)] : [402, await ask(url.searchParams)]
  }
  return [404, {}]
}

const server = createServer(async (request, response) => {
  let [status, body] = [400, {}]
  try {
    ;[status, body] = await answer(request, new URL(request.url, base))
  } catch (error) {
    body = { error: `${error.name}: ${error.message}` }
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
})
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address()
  base = `http://127.0.0.1:${port}`
  did = `did:web:127.0.0.1%3A${port}`
  console.log(port)
})
