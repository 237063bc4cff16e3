"""The keys that may sign a card: a JWK, a set of them (JWKS), or a public key as PEM.

Each key has one algorithm, which a card cannot choose.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK, PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "EdDSA", *RSA})
PEM: Final = "-----BEGIN "


@dataclass(frozen=True, slots=True)
class Key:
    """A public key; `id` None: it stands without a name, and may be that of any card."""

    id: str | None
    algorithm: str
    public: PyJWK


def read_keys(text: str, algorithms: Sequence[str] = ()) -> list[Key]:
    """Return the keys in a text, only those of `algorithms` where these are given.

    Raises ValueError where there is none.
    """
    read = [_key(jwk, algorithms) for jwk in _jwks(text)]
    wanted = algorithms or ALGORITHMS
    keys = [key for key in read if key and key.algorithm in wanted]
    if not keys:
        raise ValueError("holds no public key that can be used: a JWK, a JWKS or PEM")
    return keys


def _jwks(text: str) -> list[dict[str, Any]]:
    if text.lstrip().startswith(PEM):
        return [_from_pem(text)]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is neither JSON nor PEM") from None
    listed = value.get("keys", [value]) if isinstance(value, dict) else []
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _from_pem(text: str) -> dict[str, Any]:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("holds no public key as PEM") from None
    if isinstance(key, EllipticCurvePublicKey):
        return ECAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, RSAPublicKey):
        return RSAAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, Ed25519PublicKey):
        return OKPAlgorithm.to_jwk(key, as_dict=True)
    raise ValueError("holds a public key of a kind that signs no cards")


def _key(jwk: dict[str, Any], algorithms: Sequence[str]) -> Key | None:
    """Return a key; None where it is of a kind that signs no cards."""
    if "d" in jwk:
        raise ValueError("holds a private key; only the public one belongs here")
    if jwk.get("kty") not in ("EC", "OKP", "RSA"):
        return None
    try:
        public = PyJWK(jwk, algorithm=_rsa_algorithm(jwk, algorithms))
    except (PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    name = jwk.get("kid")
    return Key(name if isinstance(name, str) else None, public.algorithm_name, public)


def _rsa_algorithm(jwk: dict[str, Any], algorithms: Sequence[str]) -> str | None:
    """Return the algorithm of an RSA key that does not say it; None where the key itself does."""
    if jwk["kty"] != "RSA" or jwk.get("alg"):
        return None
    return next((name for name in algorithms if name in RSA), None)
