"""Serves the files of Swagger UI as published, with an initializer and a description of the issuer's userinfo endpoint."""
import http.server
import json
import sys
import threading

from swagger_ui_bundle import swagger_ui_path

port, issuer = int(sys.argv[1]), sys.argv[2]
scopes = {"openid": "who you are", "profile": "your profile"}
description = {
    "openapi": "3.0.3", "info": {"title": "Userinfo", "version": "1"}, "servers": [{"url": issuer}],
    "paths": {"/userinfo": {"get": {
        "operationId": "userinfo", "security": [{"martlet": list(scopes)}],
        "responses": {"200": {"description": "the claims"}}}}},
    "components": {"securitySchemes": {"martlet": {"type": "oauth2", "flows": {"authorizationCode": {
        "authorizationUrl": f"{issuer}/authorize", "tokenUrl": f"{issuer}/token", "scopes": scopes}}}}},
}
initializer = f"""
window.onload = () => {{
  window.ui = SwaggerUIBundle({{
    spec: {json.dumps(description)}, dom_id: "#swagger-ui",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: "StandaloneLayout",
    oauth2RedirectUrl: "http://localhost:{port}/oauth2-redirect.html",
  }})
  ui.initOAuth({{clientId: "swagger", usePkceWithAuthorizationCodeGrant: true, scopes: "openid profile"}})
}}
"""


class SwaggerUI(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=swagger_ui_path)

    def do_GET(self):
        if self.path != "/swagger-initializer.js":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.end_headers()
        self.wfile.write(initializer.encode())

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), SwaggerUI)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
