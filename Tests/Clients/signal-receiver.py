"""Receives shared signals with Authlib and joserfc: from one stream by poll, from another by push.

Arguments: ISSUER. The clients `poller` and `pushed` are registered there, each with the secret
CLIENT-secret-CLIENT-secret-CLIENT. Prints `listening` when both streams are verified, and then a line of JSON for each
event: the way it came, and its verified claims. Ends when its standard input closes.
"""
import http.server
import json
import queue
import sys
import threading

from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
import requests

issuer = sys.argv[1]
metadata = requests.get(f"{issuer}/.well-known/ssf-configuration").json()
token_endpoint = requests.get(f"{issuer}/.well-known/openid-configuration").json()["token_endpoint"]
assert metadata["issuer"] == issuer and metadata["spec_version"] == "1_0"
PUSH, POLL = metadata["delivery_methods_supported"]
received = {"push": queue.Queue(), "poll": queue.Queue()}
seen = set()


def session(client):
    secret = "-".join([client, "secret"] * 2 + [client])
    session = OAuth2Session(client, secret, scope="ssf.read ssf.manage", token_endpoint=token_endpoint)
    session.fetch_token(token_endpoint, grant_type="client_credentials")
    return session


def verified(token, audience):
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"]).json())
    decoded = jwt.decode(token, keys, algorithms=["RS256"])
    assert decoded.header["typ"] == "secevent+jwt", decoded.header
    claims = decoded.claims
    assert claims["iss"] == issuer and claims["aud"] == audience, claims
    assert "sub" not in claims and "exp" not in claims, claims
    assert len(claims["events"]) == 1 and claims["sub_id"]["format"], claims
    return claims


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert self.headers["Content-Type"] == "application/secevent+jwt"
        assert self.headers["Authorization"] == "Bearer of-the-receiver"
        received["push"].put(verified(body, "pushed"))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
poller, pushed = session("poller"), session("pushed")


def create(session, delivery):
    answer = session.post(metadata["configuration_endpoint"], json={"delivery": delivery})
    assert answer.status_code == 201, answer.text
    return answer.json()


polling = create(poller, {"method": POLL})
pushing = create(
    pushed,
    {
        "method": PUSH,
        "endpoint_url": f"http://127.0.0.1:{server.server_port}/events",
        "authorization_header": "Bearer of-the-receiver",
    },
)


def poll():
    acknowledged = []
    while True:
        answer = poller.post(polling["delivery"]["endpoint_url"], json={"ack": acknowledged})
        assert answer.status_code == 200, answer.text
        acknowledged = list(answer.json()["sets"])
        for jti, token in answer.json()["sets"].items():
            claims = verified(token, "poller")
            assert claims["jti"] == jti
            received["poll"].put(claims)


threading.Thread(target=poll, daemon=True).start()

for way, one, stream in [("poll", poller, polling), ("push", pushed, pushing)]:
    state = f"state of {way}"
    body = {"stream_id": stream["stream_id"], "state": state}
    answer = one.post(metadata["verification_endpoint"], json=body)
    assert answer.status_code == 204, answer.text
    claims = received[way].get(timeout=30)
    event = claims["events"]["https://schemas.openid.net/secevent/ssf/event-type/verification"]
    assert event["state"] == state
    assert claims["sub_id"] == {"format": "opaque", "id": stream["stream_id"]}
print("listening", flush=True)


def show(way):
    while True:
        claims = received[way].get()
        assert claims["jti"] not in seen
        seen.add(claims["jti"])
        print(json.dumps({"way": way, "claims": claims}), flush=True)


for way in received:
    threading.Thread(target=show, args=(way,), daemon=True).start()
sys.stdin.read()
