"""Signs in with Authlib and binds its tokens to a key with proofs that joserfc makes (RFC 9449). See relying_party.py."""
import base64
import hashlib
import secrets
import time

import relying_party
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import ECKey

party = relying_party.RelyingParty()
key = ECKey.generate_key("P-256")
nonces = {}


def proof(method, url, token=None):
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time())}
    if token:
        digest = hashlib.sha256(token.encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if "nonce" in nonces:
        claims["nonce"] = nonces["nonce"]
    return jwt.encode(header, claims, key)


def ask(method, url, token=None, scheme="DPoP", given=None, **arguments):
    """Sends a request with a proof, and once more with the nonce if the server asks for one (RFC 9449 §8, §9)."""
    for _ in range(2):
        headers = {"DPoP": given or proof(method, url, token)}
        if token:
            headers["Authorization"] = f"{scheme} {token}"
        response = requests.request(method, url, headers=headers, timeout=10, **arguments)
        nonces.update({"nonce": value for name, value in response.headers.items() if name == "DPoP-Nonce"})
        if "use_dpop_nonce" not in response.text + response.headers.get("WWW-Authenticate", ""):
            break
    return response


session = OAuth2Session(
    party.client, party.secret, scope=" ".join(party.scope), redirect_uri=party.redirect_uri,
    code_challenge_method="S256")
verifier = generate_token(48)
address, _ = session.create_authorization_url(
    party.metadata["authorization_endpoint"], code_verifier=verifier, nonce=generate_token(20),
    dpop_jkt=key.thumbprint())
endpoint, userinfo = party.metadata["token_endpoint"], party.metadata["userinfo_endpoint"]
# Gets the first nonce, if the server wants one.
ask("POST", endpoint, data={"grant_type": "client_credentials"}, auth=(party.client, party.secret))


def form_fields():
    return {"Content-Type": "application/x-www-form-urlencoded", "DPoP": proof("POST", endpoint)}


token = session.fetch_token(
    endpoint, authorization_response=party.sign_in(address), code_verifier=verifier, headers=form_fields())
access = token["access_token"]

used = proof("GET", userinfo, access)
answers = [ask("GET", userinfo, access, given=used) for _ in range(2)]
bearer = ask("GET", userinfo, access, scheme="Bearer")
refreshed = session.refresh_token(endpoint, token["refresh_token"], headers=form_fields())
own = ask("GET", userinfo, refreshed["access_token"])
key, thumbprint = ECKey.generate_key("P-256"), key.thumbprint()
stolen = ask("GET", userinfo, access)
party.done(
    token=token, thumbprint=thumbprint, userinfo=answers[0].json(), statuses=[answer.status_code for answer in answers],
    replay=answers[1].headers.get("WWW-Authenticate"), bearer=bearer.status_code, refreshed=own.status_code,
    stolen=stolen.status_code, nonce=nonces.get("nonce"))
