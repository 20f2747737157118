# pragma version ^0.4.0
# pragma evm-version paris
"""A token of six decimals that moves by signed authorizations (EIP-3009), as USDC does; anybody mints and burns."""

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

event AuthorizationUsed:
    authorizer: indexed(address)
    nonce: indexed(bytes32)

event AuthorizationCanceled:
    authorizer: indexed(address)
    nonce: indexed(bytes32)

name: public(constant(String[4])) = "USDC"
version: public(constant(String[1])) = "2"
decimals: public(constant(uint8)) = 6

DOMAIN: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
TRANSFER: constant(bytes32) = keccak256("TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)")
CANCEL: constant(bytes32) = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)")

balanceOf: public(HashMap[address, uint256])
authorizationState: public(HashMap[address, HashMap[bytes32, bool]])

@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount
    log Transfer(sender=empty(address), receiver=to, value=amount)

@external
def burn(of: address, amount: uint256):
    self.balanceOf[of] -= amount

@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True

@external
def transferWithAuthorization(
    payer: address, to: address, amount: uint256, valid_after: uint256, valid_before: uint256, nonce: bytes32,
    v: uint8, r: bytes32, s: bytes32
):
    assert block.timestamp > valid_after, "FiatTokenV2: authorization is not yet valid"
    assert block.timestamp < valid_before, "FiatTokenV2: authorization is expired"
    self._use(payer, nonce, keccak256(abi_encode(TRANSFER, payer, to, amount, valid_after, valid_before, nonce)), v, r, s)
    log AuthorizationUsed(authorizer=payer, nonce=nonce)
    self._move(payer, to, amount)

@external
def cancelAuthorization(authorizer: address, nonce: bytes32, v: uint8, r: bytes32, s: bytes32):
    self._use(authorizer, nonce, keccak256(abi_encode(CANCEL, authorizer, nonce)), v, r, s)
    log AuthorizationCanceled(authorizer=authorizer, nonce=nonce)

@internal
def _use(authorizer: address, nonce: bytes32, struct_hash: bytes32, v: uint8, r: bytes32, s: bytes32):
    assert not self.authorizationState[authorizer][nonce], "FiatTokenV2: authorization is used or canceled"
    domain: bytes32 = keccak256(abi_encode(DOMAIN, keccak256("USDC"), keccak256("2"), chain.id, self))
    digest: bytes32 = keccak256(concat(0x1901, domain, struct_hash))
    signer: address = ecrecover(digest, convert(v, uint256), convert(r, uint256), convert(s, uint256))
    assert signer == authorizer and signer != empty(address), "FiatTokenV2: invalid signature"
    self.authorizationState[authorizer][nonce] = True

@internal
def _move(payer: address, to: address, amount: uint256):
    assert self.balanceOf[payer] >= amount, "ERC20: transfer amount exceeds balance"
    self.balanceOf[payer] -= amount
    self.balanceOf[to] += amount
    log Transfer(sender=payer, receiver=to, value=amount)
