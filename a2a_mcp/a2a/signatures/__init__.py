"""Signatures of agent cards: JWS over one of the canonical forms that agents sign.

It reads no file and no network: keys come in as text, cards as JSON. A key is never taken from a
card. Nothing here may be imported before a signature is checked: it brings in PyJWT. Open
`verification` first.
"""
