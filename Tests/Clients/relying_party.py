"""What the clients in this folder share: their settings, the user's browser, and their report.

Arguments: ISSUER CLIENT SECRET REDIRECT_URI. A client prints the address that the browser must open, reads the address
that the browser is sent back to, and prints its report as JSON.
"""
import json
import os
import sys
import urllib.request

# The tests use http on the loopback interface.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


class RelyingParty:
    scope = ["openid", "profile", "email", "offline_access"]

    def __init__(self):
        self.issuer, self.client, self.secret, self.redirect_uri = sys.argv[1:]
        with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=10) as response:
            self.metadata = json.load(response)

    def sign_in(self, address):
        print(address, flush=True)
        return sys.stdin.readline().strip()

    def done(self, **report):
        print(json.dumps(report, default=str), flush=True)
