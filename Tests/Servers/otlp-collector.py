"""A collector for tests. Decodes requests with opentelemetry-proto, an independent implementation.

FOLDER/behaviour has one word per line. Each request uses the next one, and all further requests the last one:
  accept, status:503, status:503:RETRY_AFTER, hang, close, partial:REJECTED, discard (accept without decoding, for benchmarks)
Each request becomes a line of FOLDER/received.jsonl: signal, headers, behaviour, and the decoded records.
"""

import errno
import http.server
import json
import os
import sys
import threading
import time

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

FOLDER, PORT = sys.argv[1], int(sys.argv[2])
LOCK = threading.Lock()
SIGNALS = {
    "/v1/traces": ("traces", trace.ExportTraceServiceRequest, trace.ExportTraceServiceResponse, "rejected_spans"),
    "/v1/metrics": (
        "metrics", metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse, "rejected_data_points"),
    "/v1/logs": ("logs", logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse, "rejected_log_records"),
}


def value(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(element) for element in any_value.array_value.values]
    if kind == "kvlist_value":
        return attributes(any_value.kvlist_value.values)
    return getattr(any_value, kind) if kind else None


def attributes(pairs):
    return {pair.key: value(pair.value) for pair in pairs}


def span(record):
    return {
        "name": record.name, "kind": record.kind, "trace_id": record.trace_id.hex(), "span_id": record.span_id.hex(),
        "parent": record.parent_span_id.hex(), "state": record.trace_state, "start": record.start_time_unix_nano,
        "end": record.end_time_unix_nano, "attributes": attributes(record.attributes), "flags": record.flags,
        "status": record.status.code,
        "events": [{"name": event.name, "attributes": attributes(event.attributes)} for event in record.events],
        "links": [link.trace_id.hex() for link in record.links],
    }


def log(record):
    return {
        "time": record.time_unix_nano, "severity": record.severity_number, "level": record.severity_text,
        "body": value(record.body), "attributes": attributes(record.attributes), "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
    }


def metric(record):
    kind = record.WhichOneof("data")
    data = getattr(record, kind)
    points = []
    for point in data.data_points:
        entry = MessageToDict(point, preserving_proto_field_name=True)
        entry["attributes"] = attributes(point.attributes)
        points.append(entry)
    return {
        "name": record.name, "unit": record.unit, "description": record.description, "kind": kind, "points": points,
        "temporality": getattr(data, "aggregation_temporality", None),
        "monotonic": getattr(data, "is_monotonic", None),
    }


def decoded(signal, message):
    groups, scopes, records, decode = {
        "traces": ("resource_spans", "scope_spans", "spans", span),
        "metrics": ("resource_metrics", "scope_metrics", "metrics", metric),
        "logs": ("resource_logs", "scope_logs", "log_records", log),
    }[signal]
    found = []
    for group in getattr(message, groups):
        for scope in getattr(group, scopes):
            found.append({
                "resource": attributes(group.resource.attributes), "scope": scope.scope.name,
                "records": [decode(record) for record in getattr(scope, records)],
            })
    return found


def behaviour():
    """Returns the first line, and removes it unless it is the last."""
    path = os.path.join(FOLDER, "behaviour")
    with LOCK:
        if not os.path.exists(path):
            return "accept"
        with open(path) as file:
            lines = file.read().split()
        if len(lines) > 1:
            with open(path + ".new", "w") as file:
                file.write("\n".join(lines[1:]))
            os.replace(path + ".new", path)
        return lines[0] if lines else "accept"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and body of a response are two writes. The second must not wait for an acknowledgment.
    disable_nagle_algorithm = True

    def do_POST(self):
        signal, request, response, rejected = SIGNALS[self.path]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        word, *rest = behaviour().split(":")
        if word == "discard":
            return self.answer(word, rest, response(), rejected)
        message = request.FromString(body)
        line = {
            "signal": signal, "behaviour": word, "at": time.time(), "size": len(body),
            "headers": {name.lower(): text for name, text in self.headers.items()}, "groups": decoded(signal, message),
        }
        with LOCK, open(os.path.join(FOLDER, "received.jsonl"), "a") as file:
            file.write(json.dumps(line) + "\n")
        self.answer(word, rest, response(), rejected)

    def answer(self, word, rest, answer, rejected):
        if word == "hang":
            # Longer than any client waits.
            threading.Event().wait(3600)
        elif word == "close":
            self.close_connection = True
        elif word == "status":
            self.send_response(int(rest[0]))
            if len(rest) > 1:
                self.send_header("Retry-After", rest[1].replace("_", " "))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            if word == "partial":
                setattr(answer.partial_success, rejected, int(rest[0]))
                answer.partial_success.error_message = "too many"
            body = answer.SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def listen():
    """Retries, because a test that waits for this server binds the port for a moment to see whether it is free."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


server = listen()
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
# Ends when the other end of standard input is closed, so it ends with the program that started it.
while sys.stdin.buffer.read(1):
    pass
os._exit(0)
