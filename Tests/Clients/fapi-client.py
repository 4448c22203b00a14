"""Signs in as a FAPI 2.0 client, with Authlib and joserfc. See relying_party.py.

Arguments: ISSUER CLIENT FOLDER REDIRECT_URI. The folder has key.json, a private JWK, and server.pem. If it has
CLIENT.pem, the client uses that certificate instead of DPoP. The client CLIENT with "signing" in its name signs its
requests.
"""
import base64
import hashlib
import json
import os
import sys
import time
import uuid
from urllib.parse import parse_qs, urlencode, urlsplit

import relying_party
import requests
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

issuer, client, folder, redirect_uri = sys.argv[1:]
http = requests.Session()
http.verify = f"{folder}/server.pem"
# relying_party.py reads the metadata with urllib.
os.environ["SSL_CERT_FILE"] = http.verify

party = relying_party.RelyingParty()
metadata = party.metadata
certificate = f"{folder}/{client}.pem"
uses_mtls, is_signing = os.path.exists(certificate), "signing" in client
if uses_mtls:
    http.cert = (certificate, f"{folder}/{client}.key")
algorithms = ["ES256", "PS256"]
with open(f"{folder}/key.json") as file:
    key = ECKey.import_key(json.load(file))
proof_key = ECKey.generate_key("P-256")
server_keys = KeySet.import_key_set(http.get(metadata["jwks_uri"]).json())


def endpoint(name):
    aliases = metadata["mtls_endpoint_aliases"] if uses_mtls else metadata
    return aliases[f"{name}_endpoint"]


def now():
    return int(time.time())


def authentication():
    if uses_mtls:
        return {"client_id": client}
    claims = {"iss": client, "sub": client, "aud": issuer, "jti": str(uuid.uuid4()), "iat": now(), "exp": now() + 60}
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key),
    }


def proof(method, url, token=None, by=None):
    by = by or proof_key
    claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": now()}
    if token:
        digest = hashlib.sha256(token.encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": by.as_dict(private=False)}, claims, by)


def post(name, form):
    url = endpoint(name)
    headers = {} if uses_mtls else {"DPoP": proof("POST", url)}
    return http.post(url, data={**form, **authentication()}, headers=headers)


def call(token, scheme=None, header=None, session=None):
    url = endpoint("userinfo")
    scheme = scheme or ("Bearer" if uses_mtls else "DPoP")
    headers = {"Authorization": f"{scheme} {token}"}
    if scheme == "DPoP":
        headers["DPoP"] = header or proof("GET", url, token)
    return (session or http).get(url, headers=headers)


verifier, nonce, state = generate_token(48), generate_token(20), generate_token(20)
parameters = {
    "client_id": client, "response_type": "code", "redirect_uri": redirect_uri, "scope": "openid profile",
    "nonce": nonce, "state": state, "code_challenge": create_s256_code_challenge(verifier),
    "code_challenge_method": "S256",
}
if is_signing:
    claims = {**parameters, "response_mode": "jwt", "iss": client, "aud": issuer, "nbf": now(), "exp": now() + 300}
    header = {"alg": "ES256", "kid": key.kid, "typ": "oauth-authz-req+jwt"}
    parameters = {"client_id": client, "request": jwt.encode(header, claims, key)}
pushed = post("pushed_authorization_request", parameters)
assert pushed.status_code == 201, pushed.text
request = {"client_id": client, "request_uri": pushed.json()["request_uri"]}
address = party.sign_in(f"{metadata['authorization_endpoint']}?{urlencode(request)}")
answer = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
if is_signing:
    response = jwt.decode(answer["response"], server_keys, algorithms=algorithms)
    answer = response.claims
    assert answer["aud"] == client and answer["exp"] > now(), answer
assert answer["state"] == state and answer["iss"] == issuer, answer

form = {"grant_type": "authorization_code", "redirect_uri": redirect_uri, "code_verifier": verifier}
token = post("token", {**form, "code": answer["code"]}).json()
access_token = token["access_token"]
id_token = jwt.decode(token["id_token"], server_keys, algorithms=algorithms)
claims = CodeIDToken(
    id_token.claims, id_token.header, {"iss": {"value": issuer}, "aud": {"value": client}},
    {"nonce": nonce, "access_token": access_token, "client_id": client})
claims.validate()
access = jwt.decode(access_token, server_keys, algorithms=algorithms)
if uses_mtls:
    with open(certificate) as file:
        lines = file.read().split("-----END CERTIFICATE-----")[0].split("\n")
    der = base64.b64decode("".join(line for line in lines if not line.startswith("-----")))
    expected = {"x5t#S256": base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()}
else:
    expected = {"jkt": proof_key.thumbprint()}
report = {
    "bound": access.claims["cnf"] == expected, "token_type": token["token_type"], "alg": id_token.header["alg"],
    "userinfo": call(access_token).json(),
}
# What a thief of the token can do.
thief = requests.Session()
thief.verify = http.verify
if uses_mtls:
    report["refused"] = [call(access_token, session=thief).status_code]
else:
    url = endpoint("userinfo")
    used = proof("GET", url, access_token)
    call(access_token, header=used)
    other = ECKey.generate_key("P-256")
    report["refused"] = [
        call(access_token, scheme="Bearer").status_code, call(access_token, header=used).status_code,
        call(access_token, header=proof("GET", url, access_token, other)).status_code,
        call(access_token, header=proof("GET", url)).status_code,
    ]
report["reused_request_uri"] = http.get(
    metadata["authorization_endpoint"], params=request, allow_redirects=False).status_code
refreshed = post("token", {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}).json()
report["rotated"] = "refresh_token" in refreshed
report["refreshed"] = call(refreshed["access_token"]).status_code
introspected = post("introspection", {"token": refreshed["access_token"]})
if is_signing:
    content = jwt.decode(introspected.text, server_keys, algorithms=algorithms)
    assert content.header["typ"] == "token-introspection+jwt", content.header
    report["introspected"] = content.claims["token_introspection"]["cnf"] == expected
else:
    report["introspected"] = introspected.json()["cnf"] == expected
party.done(**report)
