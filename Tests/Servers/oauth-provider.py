"""An OAuth 2 provider on Authlib for tests, without OpenID Connect. It has the peculiarities of GitHub: errors of the
token endpoint have status 200, its responses are forms unless JSON is accepted, scopes are separated by commas, and the
API requires a User-Agent and leaves the email out of the profile.

Endpoints: /authorize, /token, /user and /user/emails (scope user:email). PKCE with S256 is required.

USERS is a JSON array: [{"id": 1, "login": "alice", "password": "…", "name": "Alice", "emails": [
{"email": "alice@example.com", "primary": true, "verified": true, "visibility": null}]}].
"""

import dataclasses
import hmac
import html
import http.server
import json
import os
import sys
import threading
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

# The tests use http on the loopback interface.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.common.security import generate_token
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, OAuth2Payload
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge

PORT = int(sys.argv[1])
SETTINGS = {"client_id": "martlet", "client_secret": "secret-of-the-client-at-the-oauth-provider"}
SETTINGS |= dict(argument.split("=", 1) for argument in sys.argv[2:])
USERS = json.loads(SETTINGS["users"])
# By code, and by access token: the user and the scope.
CODES, TOKENS = {}, {}
PAGE = """<!DOCTYPE html><html lang="en"><title>Sign in</title><h1>Sign in to authorize {client}</h1>
<p id="message">{message}</p><p>Scope: <span id="scope">{scope}</span></p><form method="post">
<label>Username <input id="login" name="login" autocomplete="off"></label>
<label>Password <input id="password" name="password" type="password"></label>
<button id="authorize" name="decision" value="authorize">Authorize</button>
<button id="cancel" name="decision" value="cancel">Cancel</button></form></html>"""


class Client(ClientMixin):
    def get_client_id(self):
        return SETTINGS["client_id"]

    def get_default_redirect_uri(self):
        return SETTINGS["redirect_uri"]

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == SETTINGS["redirect_uri"]

    def check_client_secret(self, client_secret):
        return hmac.compare_digest(client_secret, SETTINGS["client_secret"])

    def check_endpoint_auth_method(self, method, endpoint):
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclasses.dataclass
class Code(AuthorizationCodeMixin):
    user: dict
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class CodeGrant(AuthorizationCodeGrant):
    def save_authorization_code(self, code, request):
        data = request.payload.data
        CODES[code] = Code(
            request.user, request.payload.redirect_uri, request.scope, data["code_challenge"],
            data.get("code_challenge_method"))

    def query_authorization_code(self, code, client):
        # Removed here, so that the first attempt uses it up.
        return CODES.pop(code, None)

    def delete_authorization_code(self, authorization_code):
        pass

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class RequiredChallenge(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant, redirect_uri):
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with S256 is required")
        super().validate_code_challenge(grant, redirect_uri)


class Payload(OAuth2Payload):
    data = datalist = None

    def __init__(self, text):
        self.datalist = parse_qs(text)
        self.data = {name: values[0] for name, values in self.datalist.items()}


class Request(OAuth2Request):
    args = form = None

    def __init__(self, handler):
        super().__init__(handler.command, f"http://localhost:{PORT}{handler.path}", headers=handler.headers)
        query = urlsplit(handler.path).query
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0"))).decode()
        self.args, self.form = dict(parse_qsl(query)), dict(parse_qsl(body))
        self.payload = Payload("&".join(part for part in (query, body) if part))


class Provider(AuthorizationServer):
    def query_client(self, client_id):
        return Client() if client_id == SETTINGS["client_id"] else None

    def save_token(self, token, request):
        TOKENS[token["access_token"]] = (request.user, token.get("scope", "").split())

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        return status, body, dict(headers)

    def send_signal(self, name, *arguments, **named):
        pass


provider = Provider()
provider.register_grant(CodeGrant, [RequiredChallenge()])
# Like GitHub's, the tokens have no expiry.
provider.register_token_generator(
    "default", BearerTokenGenerator(lambda **named: "gho_" + generate_token(36), expires_generator=0))


def authorize(request):
    try:
        grant = provider.get_consent_grant(request)
    except OAuth2Error as error:
        return provider.handle_error_response(request, error)
    message = ""
    if request.method == "POST":
        if request.form.get("decision") == "cancel":
            return provider.create_authorization_response(request, grant_user=None, grant=grant)
        for user in USERS:
            if (user["login"], user["password"]) == (request.form.get("login"), request.form.get("password")):
                return provider.create_authorization_response(request, grant_user=user, grant=grant)
        message = "Incorrect username or password."
    page = PAGE.format(
        client=html.escape(SETTINGS["client_id"]), message=message, scope=html.escape(request.scope or ""))
    return 200, page, {"Content-Type": "text/html; charset=utf-8"}


def token(request):
    status, body, headers = provider.create_token_response(request)
    if "scope" in body:
        body["scope"] = body["scope"].replace(" ", ",")
    if "application/json" not in request.headers.get("Accept", ""):
        body = urlencode(body)
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    return 200 if status < 500 else status, body, headers


def api(request, respond):
    if not request.headers.get("User-Agent"):
        return 403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent", {}
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() not in ("bearer", "token") or value not in TOKENS:
        return 401, {"message": "Bad credentials", "status": "401"}, {}
    return respond(*TOKENS[value])


def profile(user, scope):
    return 200, {
        "login": user["login"], "id": user["id"], "avatar_url": f"http://localhost:{PORT}/avatars/{user['id']}",
        "type": "User", "name": user.get("name"), "email": None,
    }, {}


def emails(user, scope):
    if "user:email" not in scope and "user" not in scope:
        return 404, {"message": "Not Found", "status": "404"}, {}
    return 200, user["emails"], {}


ROUTES = {
    ("GET", "/authorize"): authorize, ("POST", "/authorize"): authorize, ("POST", "/token"): token,
    ("GET", "/user"): lambda request: api(request, profile),
    ("GET", "/user/emails"): lambda request: api(request, emails),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and body of a response are two writes. The second must not wait for an acknowledgment.
    disable_nagle_algorithm = True

    def do_GET(self):
        request = Request(self)
        route = ROUTES.get((self.command, urlsplit(self.path).path))
        status, body, headers = route(request) if route else (404, {"message": "Not Found", "status": "404"}, {})
        if not isinstance(body, str):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json; charset=utf-8"
        body = body.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("listening", flush=True)
# Ends when the other end of standard input is closed.
sys.stdin.read()
