"""Who a person is, as a provider of identities says it: OpenID Connect, code flow with PKCE.

The provider is asked for nothing before somebody logs in with it.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from producer.services.keys import NotAllowed, Right
from producer.text import plain_name
from worker.errors import TransientError
from worker.settings import Identities

#: Seconds that one request to the provider may take.
_SECONDS = 10
_SIGNED_WITH = ["RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "ES384", "ES512"]


class LoginRefused(NotAllowed):
    """The provider's answer does not belong to this login, or is not to be believed."""

    code = "login_refused"


class ProviderAway(TransientError):
    """The provider of identities does not answer."""

    code = "provider_away"

    def __str__(self) -> str:
        return "the provider of identities does not answer"


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """What a browser keeps of a login until it comes back; `onward` is where it wanted to go."""

    state: str
    nonce: str
    verifier: str
    onward: str


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person by the name that the provider has for them, and what they may."""

    name: str
    rights: frozenset[Right]


class IdentityProvider:
    """A provider of identities with its endpoints, read when they are first needed."""

    def __init__(self, settings: Identities) -> None:
        self._settings = settings
        self._endpoints: Mapping[str, Any] | None = None

    def begin(self, onward: str) -> LoginBegun:
        """A login that nobody can guess."""
        return LoginBegun(generate_token(48), generate_token(48), generate_token(48), onward)

    def cookie(self, begun: LoginBegun) -> str:
        """A login that has begun, as its browser keeps it."""
        return base64.urlsafe_b64encode(json.dumps(asdict(begun)).encode()).decode()

    def resume(self, kept: str, state: str) -> LoginBegun:
        """The login that this browser began. LoginRefused for another's, or none."""
        try:
            begun = LoginBegun(**json.loads(base64.urlsafe_b64decode(kept)))
        except (TypeError, ValueError) as error:
            raise LoginRefused("this browser has begun no login: try again") from error
        if not hmac.compare_digest(begun.state.encode(), state.encode()):
            raise LoginRefused("this answer belongs to another login: try again")
        return begun

    def address(self, begun: LoginBegun, redirect_uri: str) -> str:
        """Where a browser goes to log in. ProviderAway."""
        session = self._session(redirect_uri)
        endpoint = self._endpoint("authorization_endpoint")
        url, _ = session.create_authorization_url(
            endpoint, state=begun.state, nonce=begun.nonce, code_verifier=begun.verifier
        )
        return str(url)

    def person(self, begun: LoginBegun, redirect_uri: str, *, code: str) -> KnownPerson:
        """Who came back with this code. LoginRefused; ProviderAway."""
        session = self._session(redirect_uri)
        try:
            token = session.fetch_token(
                self._endpoint("token_endpoint"), code=code, code_verifier=begun.verifier, timeout=_SECONDS
            )
        except OAuthError as error:
            raise LoginRefused(f"the provider took the login back: {error.error}") from error
        except requests.RequestException as error:
            raise ProviderAway from error
        return self._known(self._claims(str(token.get("id_token", "")), begun))

    def _known(self, claims: Mapping[str, Any]) -> KnownPerson:
        try:
            name = plain_name(str(claims.get(self._settings.oidc_name_claim, "")))
        except ValueError as error:
            raise LoginRefused(f"the provider gives no name in {self._settings.oidc_name_claim!r}") from error
        groups = claims.get(self._settings.oidc_groups_claim, ())
        return KnownPerson(name, self._rights([groups] if isinstance(groups, str) else groups))

    def _rights(self, groups: Collection[str]) -> frozenset[Right]:
        granted = self._settings.oidc_rights
        rights = {Right(right) for group in groups for right in granted.get(group, ())}
        if not rights and granted:
            raise LoginRefused("none of your groups may come in")
        return frozenset({Right.READ, *rights})

    def _claims(self, token: str, begun: LoginBegun) -> Mapping[str, Any]:
        """What the token says, once its signature, issuer, audience, times and nonce are right."""
        keys = KeySet.import_key_set(self._read(self._endpoint("jwks_uri")))
        expected: dict[str, Any] = {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
            "exp": {"essential": True},
            "sub": {"essential": True},
            "nonce": {"essential": True, "value": begun.nonce},
        }
        try:
            decoded = jwt.decode(token, keys, algorithms=_SIGNED_WITH)
            jwt.JWTClaimsRegistry(**expected, leeway=60).validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise LoginRefused(f"the provider's token is not to be believed: {error}") from error
        return decoded.claims

    def _session(self, redirect_uri: str) -> OAuth2Session:
        secret = self._settings.oidc_client_secret
        return OAuth2Session(
            self._settings.oidc_client_id,
            None if secret is None else secret.get_secret_value(),
            scope="openid profile email",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _endpoint(self, name: str) -> str:
        if self._endpoints is None:
            issuer = str(self._settings.oidc_issuer)
            endpoints = self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if endpoints.get("issuer") != issuer:
                raise LoginRefused("the provider calls itself by another name than COUNTERSIGN_OIDC_ISSUER")
            self._endpoints = endpoints
        return str(self._endpoints[name])

    def _read(self, url: str) -> Any:
        try:
            answer = requests.get(url, timeout=_SECONDS)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as error:
            raise ProviderAway from error
