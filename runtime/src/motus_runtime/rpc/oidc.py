"""Tokens of an OIDC issuer: JWTs signed with its keys, made for us, not expired, with a claim that names the tenant."""

from typing import Any

import jwt

from motus_runtime.errors import UnauthenticatedError
from motus_runtime.rpc.auth import INVALID
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.call import TENANT, Caller
from motus_runtime.rpc.signing_keys import SigningKeys

_MOST_CHARACTERS = 8192


class OidcTokens:
    """An authority over the tokens of one issuer.

    Args:
        settings: who it is and what must be in a token.
        keys: its keys.
    """

    def __init__(self, settings: AuthSettings, keys: SigningKeys) -> None:
        self._settings, self._keys = settings, keys

    async def caller(self, token: str) -> Caller | None:
        """Who a token belongs to; None for what is no JWT."""
        if token.count(".") != 2 or len(token) > _MOST_CHARACTERS:
            return None
        try:
            key = await self._key(jwt.get_unverified_header(token))
            return self._caller(self._claims(token, key))
        except jwt.ExpiredSignatureError:
            raise UnauthenticatedError(INVALID, reason="TOKEN_EXPIRED") from None
        except (jwt.PyJWTError, ValueError, LookupError, TypeError):
            raise UnauthenticatedError(INVALID) from None

    async def _key(self, header: dict[str, Any]) -> jwt.PyJWK:
        """The key that a token says it is signed with; a token of an algorithm that is not allowed asks for none."""
        if header["alg"] not in self._settings.algorithm_names:
            raise jwt.InvalidAlgorithmError
        kid = header["kid"]
        key = await self._keys.key(kid) if isinstance(kid, str) else None
        if key is None:
            raise jwt.InvalidKeyError
        return key

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        # The bare key: which algorithms may use it is what the settings allow, never what the token or the key wish.
        return jwt.decode(
            token,
            key.key,
            algorithms=self._settings.algorithm_names,
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            leeway=self._settings.leeway_s,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )

    def _caller(self, claims: dict[str, Any]) -> Caller:
        tenant, scopes = claims[self._settings.tenant_claim], claims.get(self._settings.scope_claim, "")
        if not isinstance(tenant, str) or not TENANT.fullmatch(tenant):
            raise ValueError("no tenant")
        # RFC 8693 has them in one string, some issuers in a list.
        names = scopes.split() if isinstance(scopes, str) else scopes
        expires_s = float(claims["exp"]) + self._settings.leeway_s
        return Caller(tenant, str(claims["sub"]), frozenset(map(str, names)), expires_s)
