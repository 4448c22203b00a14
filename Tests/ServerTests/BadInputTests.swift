import Testing

@Suite("RFC 9112: malformed requests get a clear response, and the server continues", .timeLimit(.minutes(1)))
struct BadInputTests {
    private static let form = "Content-Type: application/x-www-form-urlencoded\r\n"
    private static let tooLong = String(repeating: "a", count: 100_000)

    @Test(
        "a malformed request",
        arguments: [
            // Targets
            ("a NUL in the path", "GET /ec\u{0}ho HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("an encoded NUL in the path", "GET /echo%00 HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
            ("a malformed percent in the path", "GET /ec%zzho HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
            ("an encoded path", "GET /%65cho HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
            ("a doubled slash", "GET //echo HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
            ("a dot segment", "GET /x/../echo HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
            ("a slash at the end", "GET /echo/ HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
            ("another case", "GET /Echo HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
            ("a malformed percent in the query", "GET /echo?text=%zz HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("a NUL in the query", "GET /echo?text=%00 HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("encoded invalid UTF-8 in the query", "GET /echo?text=%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("a repeated parameter", "GET /echo?text=a&text=b HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("a target without a slash", "GET echo HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("another scheme", "GET ftp://a/echo HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("user information", "GET http://u@a/echo HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("a target of 100 kB", "GET /echo?text=\(tooLong) HTTP/1.1\r\nHost: a\r\n\r\n", [431]),
            // Heads
            ("no Host", "GET /echo HTTP/1.1\r\n\r\n", [400]),
            ("two Hosts", "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", [400]),
            ("a Host with a path", "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", [400]),
            ("a NUL in a field", "GET /echo HTTP/1.1\r\nHost: a\r\nX: b\u{0}\r\n\r\n", [400]),
            ("a space before the colon", "GET /echo HTTP/1.1\r\nHost : a\r\n\r\n", [400]),
            ("a folded field", "GET /echo HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", [400]),
            ("100 kB of header", "GET /echo HTTP/1.1\r\nHost: a\r\nX: \(tooLong)\r\n\r\n", [431]),
            (
                "too many fields",
                "GET /echo HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: b\r\n", count: 200))\r\n", [431]
            ),
            ("no HTTP at all", "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n", [400]),
            ("HTTP/2 without agreement", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
            ("HTTP/1.2", "GET /echo HTTP/1.2\r\nHost: a\r\n\r\n", [400]),
            ("HTTP/3.7", "GET /echo HTTP/3.7\r\nHost: a\r\n\r\n", [400]),
            // Methods
            ("a wrong method", "DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n", [405]),
            ("an unknown method", "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n", [400, 405]),
            ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", [400]),
            ("TRACE", "TRACE /echo HTTP/1.1\r\nHost: a\r\n\r\n", [405]),
            // Bodies
            ("a form too long", "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Content-Length: 100000\r\n\r\n", [413]),
            (
                "a form too long, unannounced",
                "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Transfer-Encoding: chunked\r\n\r\n186a0\r\n\(tooLong)\r\n0\r\n\r\n",
                [413]
            ),
            (
                "an unknown type",
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 2\r\n\r\n{}", [415]
            ),
            (
                "garbage for a chunk",
                "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
                [400]
            ),
            (
                "a chunk that ends late",
                "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Transfer-Encoding: chunked\r\n\r\n1\r\nabcdef\r\n0\r\n\r\n",
                [400]
            ),
            // Requests that two parsers could read differently (RFC 9112 §11.2)
            (
                "a length and chunks",
                "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                [400]
            ),
            (
                "two lengths",
                "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", [400]
            ),
            (
                "two equal lengths",
                "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", [400]
            ),
            ("two lengths in one field", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd", [400]),
            ("a signed length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", [400]),
            ("a negative length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", [400]),
            (
                "an enormous length",
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", [400]
            ),
            (
                "a coding besides chunks",
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", [400]
            ),
            (
                "a disguised coding",
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", [400]
            ),
            (
                "chunks twice",
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                [400]
            ),
            (
                "chunks in HTTP/1.0",
                "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]
            ),
        ] as [(String, String, [Int])])
    func badRequest(_ name: String, _ request: String, expected: [Int]) async throws {
        try await TestServer.run { server in
            let status = try await RawConnection.run(to: server.port) { connection in
                await connection.sendIgnoringRefusal(Array(request.utf8))
                return try await connection.response()?.status
            }
            #expect(expected.contains(status ?? 0), "\(name): \(status ?? 0)")
            try await expectAnswer(from: server)
        }
    }

    @Test("raw invalid UTF-8", arguments: ["GET /\u{1}", "GET /echo?text=\u{1}"])
    func invalidUTF8(_ start: String) async throws {
        try await TestServer.run { server in
            let bytes = Array(start.utf8.dropLast()) + [0xFF, 0xC3] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            let status = try await RawConnection.run(to: server.port) { connection in
                try await connection.send(bytes)
                return try await connection.response()?.status
            }
            #expect(status == 400)
            try await expectAnswer(from: server)
        }
    }

    @Test("a form that is not UTF-8")
    func invalidForm() async throws {
        try await TestServer.run { server in
            let head = "POST /echo HTTP/1.1\r\nHost: a\r\n\(Self.form)Content-Length: 7\r\n\r\n"
            let status = try await RawConnection.run(to: server.port) { connection in
                try await connection.send(Array(head.utf8) + Array("text=".utf8) + [0xFF, 0xFE])
                return try await connection.response()?.status
            }
            #expect(status == 400)
        }
    }

    @Test("data after a refused request is not treated as another request, because it may be the first one's body")
    func nothingAfterRefusal() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                        + "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.response()?.status == 400)
                #expect(try await connection.response() == nil)
            }
        }
    }

    @Test("the response to an oversized body arrives completely, however much the client has already sent")
    func largeBody() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                let head = "POST /echo HTTP/1.1\r\nHost: a\r\n\(Self.form)Content-Length: 3000000\r\n\r\n"
                await connection.sendIgnoringRefusal(Array(head.utf8) + Array(repeating: 0x61, count: 2_000_000))
                let response = try #require(try await connection.response())
                #expect(response.status == 413)
                #expect(response.fields["connection"] == "close")
                #expect(response.body.contains("too large"))
                await connection.sendIgnoringRefusal(Array(repeating: 0x61, count: 500_000))
                #expect(try await connection.isClosed())
                #expect(!connection.wasReset)
            }
            try await expectAnswer(from: server)
        }
    }

    @Test("responses to malformed requests have the usual header fields")
    func refusalFields() async throws {
        try await TestServer.run { server in
            let response = try await RawConnection.run(to: server.port) { connection in
                try await connection.send("nonsense\r\n\r\n")
                return try await connection.response()
            }
            #expect(response?.fields["connection"] == "close")
            #expect(response?.fields["cache-control"] == "no-store")
            #expect(
                response?.body == #"{"error":"invalid_request","error_description":"this is not a valid HTTP request"}"#
            )
        }
    }
}

/// Expects that the server still responds on a new connection.
func expectAnswer(from server: TestServer) async throws {
    let status = try await RawConnection.run(to: server.port) { connection in
        try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        return try await connection.response()?.status
    }
    #expect(status == 200)
}
