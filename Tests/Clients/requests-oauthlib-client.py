"""Signs in with requests-oauthlib as its documentation shows. See relying_party.py."""
import relying_party
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

party = relying_party.RelyingParty()
session = OAuth2Session(party.client, redirect_uri=party.redirect_uri, scope=party.scope, pkce="S256")
address, _ = session.authorization_url(party.metadata["authorization_endpoint"])
token = session.fetch_token(
    party.metadata["token_endpoint"], authorization_response=party.sign_in(address), client_secret=party.secret)
userinfo = session.get(party.metadata["userinfo_endpoint"]).json()
refreshed = session.refresh_token(
    party.metadata["token_endpoint"], auth=HTTPBasicAuth(party.client, party.secret))
machine = OAuth2Session(client=BackendApplicationClient(party.client, scope=["orders.read"])).fetch_token(
    party.metadata["token_endpoint"], auth=HTTPBasicAuth(party.client, party.secret))
party.done(userinfo=userinfo, token=token, refreshed=refreshed, machine=machine)
