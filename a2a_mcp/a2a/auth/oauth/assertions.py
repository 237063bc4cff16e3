"""A client's signed assertion of who it is (RFC 7523), for servers that keep its public key.

Each has its own id and lasts a minute: a server takes it once.
"""

from __future__ import annotations

import json
from secrets import token_urlsafe
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LIFE_SECONDS: Final = 60
CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def sign_assertion(key: bytes, *, client_id: str, audience: str, now: float) -> str:
    """Return a new assertion, signed with a private key as PEM or JWK.

    Raises ValueError for a key that cannot be used.
    """
    private, algorithm, key_id = _read(key)
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": int(now),
        "exp": int(now) + LIFE_SECONDS,
        "jti": token_urlsafe(24),
    }
    return jwt.encode(claims, private, algorithm, headers={"kid": key_id} if key_id else None)


def check_key(key: bytes) -> None:
    """Raise ValueError for a key that can sign no assertion."""
    _read(key)


def _read(key: bytes) -> tuple[Any, str, str | None]:
    """Return the private key, its algorithm, and its id where it has one."""
    if key.lstrip().startswith(b"{"):
        return _read_jwk(key)
    try:
        private = load_pem_private_key(key, None)
    except TypeError:
        raise ValueError("is a key with a password; store it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("holds no private key as PEM or JWK") from None
    return private, _algorithm(private), None


def _read_jwk(key: bytes) -> tuple[Any, str, str | None]:
    try:
        value = json.loads(key)
        private = jwt.PyJWK(value)
    except (ValueError, TypeError, jwt.PyJWTError):
        raise ValueError("holds no private key as PEM or JWK") from None
    if "d" not in value:
        raise ValueError("holds a public key; the private one belongs here")
    name = value.get("kid")
    return private.key, private.algorithm_name, name if isinstance(name, str) else None


def _algorithm(private: object) -> str:
    match private:
        case RSAPrivateKey():
            return "RS256"
        case Ed25519PrivateKey():
            return "EdDSA"
        case EllipticCurvePrivateKey(curve=curve) if curve.name in CURVES:
            return CURVES[curve.name]
    raise ValueError("is a key of a kind that signs no assertions: RSA, EC or Ed25519 is needed")
