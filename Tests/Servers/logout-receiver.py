"""Takes logout tokens for a client (OpenID Connect Back-Channel Logout §2.6) and appends the claims of each to a file.

Arguments: PORT FILE ISSUER CLIENT. Verifies every token with joserfc and the issuer's published keys; without joserfc,
if VERIFY=no. A claim is on the disk before the response begins. Ends with its parent.
"""
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse
import urllib.request

port, path, issuer, client = int(sys.argv[1]), *sys.argv[2:]
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def verified(token):
    if os.environ.get("VERIFY") == "no":
        import base64

        body = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    from joserfc import jwt
    from joserfc.jwk import KeySet

    with urllib.request.urlopen(f"{issuer}/jwks", timeout=5) as response:
        keys = KeySet.import_key_set(json.load(response))
    decoded = jwt.decode(token, keys, algorithms=["RS256"])
    claims, now = decoded.claims, time.time()
    assert decoded.header["typ"] == "logout+jwt", decoded.header
    assert claims["iss"] == issuer and claims["aud"] == client, claims
    assert claims["iat"] - 60 <= now < claims["exp"], claims
    assert claims["events"] == {EVENT: {}} and "nonce" not in claims, claims
    assert claims["jti"] and claims["sid"] and claims["sub"], claims
    return claims


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        try:
            claims = verified(form["logout_token"][0])
        except OSError:
            # The keys can't be fetched now.
            return self.answer(503)
        except Exception as error:
            print(f"refused: {error!r}", flush=True)
            return self.answer(400)
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(claims) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def watch(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
http.server.ThreadingHTTPServer.allow_reuse_address = True
http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
