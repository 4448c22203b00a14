"""Connects a device with Authlib, as its documentation shows. See relying_party.py."""
import time

import relying_party
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

party = relying_party.RelyingParty()
session = OAuth2Session(party.client, party.secret, scope=" ".join(party.scope))
codes = session.request(
    "POST", party.metadata["device_authorization_endpoint"], withhold_token=True,
    data={"client_id": party.client, "scope": " ".join(party.scope)}, auth=(party.client, party.secret)).json()
print(codes["verification_uri_complete"], flush=True)
errors, token = [], None
while not token:
    try:
        token = session.fetch_token(
            party.metadata["token_endpoint"], grant_type="urn:ietf:params:oauth:grant-type:device_code",
            device_code=codes["device_code"])
    except OAuthError as error:
        errors.append(error.error)
        if error.error not in ("authorization_pending", "slow_down"):
            break
        time.sleep(codes["interval"])
userinfo = session.get(party.metadata["userinfo_endpoint"]).json()
refreshed = session.refresh_token(party.metadata["token_endpoint"])
party.done(errors=errors, userinfo=userinfo, token=token, refreshed=refreshed)
