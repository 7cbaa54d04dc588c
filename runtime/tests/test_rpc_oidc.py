"""Tokens of an OIDC issuer: a real one on loopback, that publishes keys, changes them, lies, and goes away."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from motus_runtime.errors import UnauthenticatedError, UnavailableError
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.oidc import OidcTokens
from motus_runtime.rpc.signing_keys import FRESH_S, PAUSE_S, STALE_S, SigningKeys

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
AUDIENCE = "motus-api"


def jwk(key: Any, kid: str, **more: str) -> dict[str, Any]:
    """A public key as an issuer publishes it."""
    kinds = {rsa.RSAPrivateKey: "RS256", ec.EllipticCurvePrivateKey: "ES256", ed25519.Ed25519PrivateKey: "EdDSA"}
    name = next(name for kind, name in kinds.items() if isinstance(key, kind))
    return jwt.get_algorithm_by_name(name).to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"} | more


class Issuer:
    """An issuer on loopback: its documents by path, and how often each was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.moved = False
        self.documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {"issuer": url, "jwks_uri": f"{url}/keys"},
            "/keys": {
                "keys": [jwk(RSA, "rsa"), jwk(EC, "ec"), jwk(ED, "ed"), {"kty": "oct", "kid": "o", "k": "c2VjcmV0"}]
            },
        }

    def token(self, key: Any = RSA, kid: str | None = "rsa", algorithm: str = "RS256", **claims: Any) -> str:
        """A token; a claim of None is left out."""
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "ada", "exp": time.time() + 600, "tenant": "gym"}
        usual |= {"scope": "sessions.read sessions.write"}
        whole = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(whole, key, algorithm, headers={"kid": kid} if kid else None)


@contextmanager
def serving() -> Iterator[Issuer]:
    """An issuer that answers until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            self.send_response(302 if issuer.moved else 200 if self.path in issuer.documents else 404)
            self.send_header("Location", "/keys")
            self.end_headers()
            self.wfile.write(json.dumps(issuer.documents.get(self.path)).encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer on loopback."""
    with serving() as one:
        yield one


class Clock:
    """A clock that the test moves."""

    now_s = 1000.0

    def __call__(self) -> float:
        """The time, seconds."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    return Clock()


def settings(issuer: Issuer, **more: Any) -> AuthSettings:
    """The settings of a server that trusts the issuer."""
    return AuthSettings(issuer=issuer.url, audience=AUDIENCE, **more)


@pytest.fixture
def tokens(issuer: Issuer, clock: Clock) -> OidcTokens:
    """The authority over the issuer's tokens."""
    return OidcTokens(settings(issuer), SigningKeys(issuer.url, "", clock))


async def refusal(tokens: OidcTokens, token: str) -> str:
    """The reason why a token is refused, which it must be, in a message that tells no more."""
    with pytest.raises(UnauthenticatedError) as caught:
        await tokens.caller(token)
    assert caught.value.message == "the token is not valid here"
    return caught.value.reason


@pytest.mark.parametrize(("key", "kid", "algorithm"), [(RSA, "rsa", "RS256"), (EC, "ec", "ES256"), (ED, "ed", "EdDSA")])
async def test_a_good_token_says_who_calls(
    issuer: Issuer, tokens: OidcTokens, key: Any, kid: str, algorithm: str
) -> None:
    """Tenant, subject, scopes and end come from its claims; the keys are found by discovery and asked for once."""
    for _ in range(3):
        known = await tokens.caller(issuer.token(key, kid, algorithm, exp=4_000_000_000))

    assert known is not None
    assert (known.tenant, known.subject, known.expires_s) == ("gym", "ada", 4_000_000_030)
    assert known.scopes == {"sessions.read", "sessions.write"}
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_claims_have_the_names_that_the_issuer_gives_them(issuer: Issuer) -> None:
    """A tenant in a claim of its own, scopes in a list, keys where the settings say."""
    named = settings(issuer, tenant_claim="https://gym/org", scope_claim="scp")
    tokens = OidcTokens(named, SigningKeys(issuer.url, f"{issuer.url}/keys"))

    known = await tokens.caller(issuer.token(**{"tenant": None, "https://gym/org": "north", "scp": ["a.b"]}))

    assert known is not None
    assert (known.tenant, known.scopes) == ("north", {"a.b"})
    assert issuer.asked == ["/keys"]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1_000_000_000}, "TOKEN_EXPIRED"),
        ({"exp": None}, "TOKEN_INVALID"),
        ({"nbf": 4_000_000_000}, "TOKEN_INVALID"),
        ({"aud": "somebody-else"}, "TOKEN_INVALID"),
        ({"aud": None}, "TOKEN_INVALID"),
        ({"iss": "https://elsewhere.example"}, "TOKEN_INVALID"),
        ({"iss": None}, "TOKEN_INVALID"),
        ({"sub": None}, "TOKEN_INVALID"),
        ({"tenant": None}, "TOKEN_INVALID"),
        ({"tenant": ""}, "TOKEN_INVALID"),
        ({"tenant": "a/b"}, "TOKEN_INVALID"),
        ({"tenant": ["gym"]}, "TOKEN_INVALID"),
        ({"scope": 5}, "TOKEN_INVALID"),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    issuer: Issuer, tokens: OidcTokens, claims: dict[str, Any], reason: str
) -> None:
    """Whatever is wrong with it, all that is told is that it is not valid, or that it has expired."""
    assert await refusal(tokens, issuer.token(**claims)) == reason


async def test_clocks_may_differ_a_little(issuer: Issuer, tokens: OidcTokens) -> None:
    """Half a minute is forgiven, more is not."""
    assert await tokens.caller(issuer.token(exp=time.time() - 15))
    assert await refusal(tokens, issuer.token(exp=time.time() - 45)) == "TOKEN_EXPIRED"


async def test_a_signature_of_another_kind_is_refused_before_anybody_is_asked(
    issuer: Issuer, tokens: OidcTokens
) -> None:
    """No signature, a secret one, or one that is not on the list."""
    public = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _, body, _ = issuer.token().split(".")
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa"}').decode().rstrip("=")
    signature = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
    by_public_key = f"{head}.{body}.{urlsafe_b64encode(signature).decode().rstrip('=')}"

    for token in (issuer.token(None, "rsa", "none"), by_public_key, issuer.token(RSA, "rsa", "PS256")):
        assert await refusal(tokens, token) == "TOKEN_INVALID"
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("key", "kid", "algorithm"),
    [
        (OTHER, "rsa", "RS256"),
        (EC, "rsa", "ES256"),
        (RSA, "ec", "RS256"),
        (RSA, "unknown", "RS256"),
        (RSA, None, "RS256"),
    ],
)
async def test_a_token_signed_by_another_key_is_refused(
    issuer: Issuer, tokens: OidcTokens, key: Any, kid: str | None, algorithm: str
) -> None:
    """The key must be the issuer's, of that id and kind."""
    assert await refusal(tokens, issuer.token(key, kid, algorithm)) == "TOKEN_INVALID"


@pytest.mark.parametrize("token", ["a.b.c", "e30.e30.", "..", "eyJhbGciOiJSUzI1NiJ9.e30.AA", "é.é.é"])
async def test_what_only_looks_like_a_token_is_refused(tokens: OidcTokens, token: str) -> None:
    """Three parts make no token."""
    assert await refusal(tokens, token) == "TOKEN_INVALID"


@pytest.mark.parametrize("token", ["static-key", "a.b", "a." + "b" * 9000 + ".c"])
async def test_what_is_no_jwt_is_left_to_others(issuer: Issuer, tokens: OidcTokens, token: str) -> None:
    """Static keys may stand beside the issuer; nothing huge is looked at."""
    assert await tokens.caller(token) is None
    assert issuer.asked == []


async def test_a_flood_of_invented_keys_asks_the_issuer_once(issuer: Issuer, tokens: OidcTokens) -> None:
    """Strangers cannot make us hammer the issuer."""
    for number in range(50):
        assert await refusal(tokens, issuer.token(OTHER, f"invented-{number}")) == "TOKEN_INVALID"

    assert issuer.asked.count("/keys") == 1


async def test_a_new_key_is_found_and_an_old_one_forgotten(issuer: Issuer, tokens: OidcTokens, clock: Clock) -> None:
    """An issuer changes its keys without telling anybody."""
    before = issuer.token()
    assert await tokens.caller(before)
    issuer.documents["/keys"] = {"keys": [jwk(OTHER, "new")]}
    clock.now_s += PAUSE_S + 1

    assert await tokens.caller(issuer.token(OTHER, "new"))
    assert await refusal(tokens, before) == "TOKEN_INVALID"


async def test_keys_outlive_an_issuer_that_is_away_for_a_while(clock: Clock) -> None:
    """Within an hour callers go on; after it nobody can be believed, and clients are told to come again."""
    with serving() as issuer:
        tokens = OidcTokens(settings(issuer), SigningKeys(issuer.url, "", clock))
        token = issuer.token()
        assert await tokens.caller(token)

    clock.now_s += FRESH_S + 1
    assert await tokens.caller(token)
    clock.now_s += STALE_S
    with pytest.raises(UnavailableError):
        await tokens.caller(token)


async def test_an_issuer_that_never_answered_is_no_fault_of_the_token(clock: Clock) -> None:
    """The caller is told to come again, not that their token is wrong."""
    with serving() as issuer:
        token = issuer.token()
    tokens = OidcTokens(settings(issuer), SigningKeys(issuer.url, "", clock))

    with pytest.raises(UnavailableError):
        await tokens.caller(token)


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "http://127.0.0.1:1/other", "jwks_uri": "SELF/keys"},
        {"issuer": "SELF", "jwks_uri": "http://keys.example/keys"},
        {"issuer": "SELF", "jwks_uri": "file:///etc/passwd"},
        {"issuer": "SELF"},
        [],
    ],
)
async def test_a_discovery_that_leads_elsewhere_is_not_followed(
    issuer: Issuer, tokens: OidcTokens, discovery: Any
) -> None:
    """The document must be the issuer's own, and the keys where nobody can change them on the way."""
    text = json.dumps(discovery).replace("SELF", issuer.url)
    issuer.documents["/.well-known/openid-configuration"] = json.loads(text)

    with pytest.raises(UnavailableError):
        await tokens.caller(issuer.token())
    assert "/keys" not in issuer.asked


async def test_redirects_are_not_followed(issuer: Issuer, tokens: OidcTokens) -> None:
    """Keys come from where the operator says, or not at all."""
    issuer.moved = True

    with pytest.raises(UnavailableError):
        await tokens.caller(issuer.token())
    assert len(issuer.asked) == 1
