"""Signs in with Authlib as its documentation shows. See relying_party.py."""
import relying_party
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import jwt
from authlib.oidc.core import CodeIDToken

party = relying_party.RelyingParty()
session = OAuth2Session(
    party.client, party.secret, scope=" ".join(party.scope), redirect_uri=party.redirect_uri,
    code_challenge_method="S256")
verifier, nonce = generate_token(48), generate_token(20)
address, _ = session.create_authorization_url(
    party.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
token = session.fetch_token(
    party.metadata["token_endpoint"], authorization_response=party.sign_in(address), code_verifier=verifier)
claims = jwt.decode(
    token["id_token"], session.get(party.metadata["jwks_uri"]).json(), claims_cls=CodeIDToken,
    claims_options={"iss": {"value": party.issuer}, "aud": {"value": party.client}},
    claims_params={"nonce": nonce, "access_token": token["access_token"], "client_id": party.client})
claims.validate()
userinfo = session.get(party.metadata["userinfo_endpoint"]).json()
refreshed = session.refresh_token(party.metadata["token_endpoint"])
machine = OAuth2Session(party.client, party.secret).fetch_token(
    party.metadata["token_endpoint"], grant_type="client_credentials", scope="orders.read")
party.done(userinfo=userinfo, token=token, refreshed=refreshed, machine=machine, claims=dict(claims))
