"""What the operator says about who may call, each a variable `MOTUS_AUTH_<NAME>`."""

from collections.abc import Iterator
from dataclasses import dataclass

from motus_runtime.settings import setting

# Symmetric ones are left out: with them everybody who can check a token could make one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True)
class AuthSettings:
    """Who may call: tokens of an OIDC issuer, static keys, both; or everybody on this machine."""

    keys_file: str = setting("", "file of static keys; see runtime/README.md")
    issuer: str = setting("", "URL of the OIDC issuer whose tokens are let in")
    audience: str = setting("", "what must be among a token's audiences")
    jwks_url: str = setting("", "where the issuer's keys are; empty: as its discovery says")
    algorithms: str = setting("RS256,ES256,EdDSA", f"signatures allowed, with commas, of {', '.join(ALGORITHMS)}")
    tenant_claim: str = setting("tenant", "claim that names the tenant")
    scope_claim: str = setting("scope", "claim that has the scopes, in one string or a list")
    leeway_s: float = setting(30.0, "how far clocks may differ, seconds", minimum=0, maximum=60)
    insecure_dev: bool = setting(
        False, "let everybody on this machine do everything, and nobody else in", name="MOTUS_INSECURE_DEV"
    )

    @property
    def algorithm_names(self) -> list[str]:
        """The algorithms one by one."""
        return [name.strip() for name in self.algorithms.split(",") if name.strip()]

    def faults(self) -> Iterator[str]:
        """What is wrong with them."""
        named = bool(self.keys_file or self.issuer)
        if not named and not self.insecure_dev:
            yield (
                "nobody could call: set MOTUS_AUTH_ISSUER and MOTUS_AUTH_AUDIENCE for tokens of an OIDC issuer, or "
                "MOTUS_AUTH_KEYS_FILE for static keys; for development on this machine alone, MOTUS_INSECURE_DEV=true "
                "or --insecure-dev lets everybody on it do everything"
            )
        if named and self.insecure_dev:
            yield "MOTUS_INSECURE_DEV lets everybody in and MOTUS_AUTH_… says who: take one of them away"
        if self.issuer and not self.audience:
            yield "MOTUS_AUTH_AUDIENCE is missing: tokens that the issuer made for others must not be let in"
        if unknown := sorted(set(self.algorithm_names) - set(ALGORITHMS)):
            yield f"MOTUS_AUTH_ALGORITHMS: {', '.join(unknown)} is not among {', '.join(ALGORITHMS)}"
        if not self.algorithm_names:
            yield "MOTUS_AUTH_ALGORITHMS names none"
