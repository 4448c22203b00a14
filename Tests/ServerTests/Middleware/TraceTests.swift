import InMemoryLogging
import InMemoryTracing
import Logging
import Testing
import Tracing

@testable import Server

@Suite("W3C Trace Context and the request log", .timeLimit(.minutes(1)))
struct TraceTests {
    @Test("each request logs one line, with the route and no client-supplied values")
    func log() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let base = "http://127.0.0.1:\(server.port)"
                _ = try await client.get(
                    base + "/echo?text=secret-code", ["Cookie": "a=secret", "Authorization": "secret"])
                _ = try await client.get(base + "/secret-path")
                _ = try await client.send("PURGE", base + "/echo")
            }
            let lines = server.log.entries.filter { $0.message == "request" }
            #expect(lines.map { $0.metadata["status"] } == ["200", "404", "405"])
            #expect(lines.map { $0.metadata["route"] } == ["/echo", "none", "/echo"])
            #expect(lines.map { $0.metadata["method"] } == ["GET", "GET", "_OTHER"])
            #expect(lines.allSatisfy { $0.metadata["address"] == "127.0.0.1" && $0.metadata["milliseconds"] != nil })
            #expect(!"\(server.log.entries)".lowercased().contains("secret"))
        }
    }

    @Test(
        "an error is logged once, with its code and cause",
        arguments: [
            ("/unauthorized", Logger.Level.notice, "invalid_client"), ("/defect", .error, "server_error"),
            ("/page?fail=secret", .notice, "invalid_request"),
        ])
    func refusal(_ path: String, _ level: Logger.Level, _ code: String) async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                _ = try await client.get("http://127.0.0.1:\(server.port)\(path)")
            }
            let lines = server.log.entries.filter { $0.message == "refused" }
            #expect(lines.map(\.level) == [level])
            #expect(lines.first?.metadata["error"] == .string(code))
            #expect(lines.first?.metadata["address"] == "127.0.0.1")
            #expect(lines.first?.metadata["route"] == .string(String(path.prefix { $0 != "?" })))
            #expect(!"\(lines)".contains("secret\""))
        }
    }

    @Test("each request is a span named after its route, in the client's trace; the trace ID is in the response")
    func span() async throws {
        let tracer = TestTracer.shared
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        try await TestServer.run { server in
            let response = try await RawConnection.run(to: server.port) { connection in
                try await connection.send(
                    "GET /page HTTP/1.1\r\nHost: a\r\ntraceparent: 00-\(trace)-00f067aa0ba902b7-01\r\n\r\n")
                return try #require(try await connection.response())
            }
            #expect(response.fields["x-request-id"] == trace)
            #expect(response.body.contains(trace))
        }
        let span = try #require(
            tracer.memory.finishedSpans.first { $0.context.inMemorySpanContext?.traceID == trace })
        #expect(span.operationName == "GET /page")
        #expect(span.kind == .server)
        #expect(span.context.inMemorySpanContext?.parentSpanID == "00f067aa0ba902b7")
        let expected: [String: SpanAttribute] = [
            "http.request.method": "GET", "http.route": "/page", "http.response.status_code": 200,
            "url.scheme": "http", "client.address": "127.0.0.1",
        ]
        for (name, value) in expected { #expect(span.attributes.get(name) == value, "\(name)") }
    }

    @Test(
        "a request that matches no endpoint has a span without route or path",
        arguments: [("GET /secret/none", "GET"), ("GET /none", "GET"), ("DELETE /nowhere", "DELETE")])
    func noRoute(_ line: String, _ name: String) async throws {
        let tracer = TestTracer.shared
        let trace = String((0..<32).map { _ in "123456789abcdef".randomElement() ?? "1" })
        try await TestServer.run { server in
            let response = try await RawConnection.run(to: server.port) { connection in
                try await connection.send(
                    "\(line) HTTP/1.1\r\nHost: a\r\ntraceparent: 00-\(trace)-00f067aa0ba902b7-01\r\n\r\n")
                return try #require(try await connection.response())
            }
            #expect(response.status >= 400)
        }
        let span = try #require(
            tracer.memory.finishedSpans.first { $0.context.inMemorySpanContext?.traceID == trace })
        #expect(span.operationName == name)
        #expect(span.attributes.get("http.route") == nil && span.attributes.get("url.path") == nil)
    }
}
