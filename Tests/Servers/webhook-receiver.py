"""Receives webhooks and appends each to a file, as a line of JSON with header fields and body. Ends with its parent."""
import http.server
import json
import os
import sys
import threading
import time

port, path, status = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        with open(path, "a", encoding="utf-8") as file:
            fields = {name.lower(): value for name, value in self.headers.items()}
            file.write(json.dumps({"status": status, "fields": fields, "body": body}) + "\n")
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *arguments):
        pass


def watch(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
