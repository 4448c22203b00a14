"""Signs in with idpyoidc as its documentation shows. See relying_party.py."""
import relying_party
from urllib.parse import parse_qs, urlsplit
from idpyoidc.client.rp_handler import RPHandler

party = relying_party.RelyingParty()
handler = RPHandler(
    base_url="http://127.0.0.1",
    client_configs={
        party.issuer: {
            "client_type": "oidc", "client_id": party.client, "client_secret": party.secret, "issuer": party.issuer,
            "redirect_uris": [party.redirect_uri], "response_types_supported": ["code"],
            "scopes_supported": party.scope, "client_authn_methods": ["client_secret_basic"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "add_ons": {
                "pkce": {
                    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
                }
            },
        }
    })
address = handler.begin(issuer_id=party.issuer)
query = {name: values[0] for name, values in parse_qs(urlsplit(party.sign_in(address)).query).items()}
result = handler.finalize(party.issuer, query)
state = query["state"]
refreshed = handler.refresh_access_token(state)
party.done(
    userinfo=result["userinfo"].to_dict(), token={"access_token": result["token"]}, refreshed=refreshed.to_dict(),
    claims=result["id_token"].to_dict())
