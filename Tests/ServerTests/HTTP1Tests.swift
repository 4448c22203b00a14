import Testing

@testable import Server

@Suite("RFC 9112: several requests on one connection", .timeLimit(.minutes(1)))
struct HTTP1Tests {
    private let form = "Content-Type: application/x-www-form-urlencoded\r\n"

    @Test("requests can follow each other on one connection")
    func keepAlive() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                for number in 0..<3 {
                    try await connection.send("GET /echo?text=\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let response = try #require(try await connection.response())
                    #expect(response.body.contains("\"text\":\"\(number)\""))
                    #expect(response.fields["connection"] == nil)
                    #expect(response.fields["date"]?.hasSuffix("GMT") == true)
                }
            }
        }
    }

    @Test("pipelined requests are answered in order")
    func pipelining() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                let requests = (0..<20).map { "GET /echo?text=\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
                try await connection.send(requests.joined())
                for number in 0..<20 {
                    #expect(try await connection.response()?.body.contains("\"text\":\"\(number)\"") == true)
                }
            }
        }
    }

    @Test("a client that pipelines too many requests gets the first responses and must reconnect")
    func tooMuchPipelining() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                let requests = (0..<1_000).map { "GET /echo?text=\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
                try await connection.send(requests.joined())
                var answers: [RawResponse] = []
                while let answer = try await connection.response() { answers.append(answer) }
                #expect((HTTP1Guard.pipelineLimit..<1_000).contains(answers.count))
                #expect(answers.last?.fields["connection"] == "close")
                #expect(answers.dropLast().allSatisfy { $0.fields["connection"] == nil })
                for (number, answer) in answers.enumerated() { #expect(answer.body.contains("\"text\":\"\(number)\"")) }
            }
        }
    }

    @Test("a valid request before an invalid one is answered")
    func goodBeforeBad() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
                #expect(try await connection.response()?.status == 200)
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test(
        "the connection ends after the response if the client asks for it (§9.6)",
        arguments: [
            "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: TE, Close\r\n\r\n",
            "GET /echo HTTP/1.0\r\n\r\n",
            "GET /echo HTTP/1.0\r\nHost: a\r\n\r\n",
        ])
    func close(_ request: String) async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send(request)
                let response = try #require(try await connection.response())
                #expect(response.status == 200)
                #expect(response.fields["connection"] == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("the host of a target in absolute form is used (§3.2.2)")
    func absoluteForm() async throws {
        try await TestServer.run { server in
            let body = try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET http://localhost:8080/echo?text=x HTTP/1.1\r\nHost: other\r\n\r\n")
                return try await connection.response()?.body
            }
            #expect(body?.contains("\"text\":\"x\"") == true)
        }
    }

    @Test("HEAD gets the same response as GET, without the body (RFC 9110 §9.3.2)")
    func head() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("HEAD /echo?text=x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                // Reads until the connection ends, so that a body would be noticed.
                let response = try await connection.response()
                #expect(response == nil)
            }
            try await TestClient.run { client in
                let response = try await client.send("HEAD", "http://127.0.0.1:\(server.port)/echo?text=x")
                #expect(response.status == 200)
                #expect(response.fields["content-length"].flatMap { Int($0) } ?? 0 > 20)
                #expect(response.text.isEmpty)
            }
        }
    }

    @Test("a chunked form is read")
    func chunks() async throws {
        try await TestServer.run { [form] server in
            let body = try await RawConnection.run(to: server.port) { connection in
                try await connection.send(
                    "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Transfer-Encoding: chunked\r\n\r\n3\r\ntex\r\n4\r\nt=ab\r\n0\r\n\r\n"
                )
                return try await connection.response()?.body
            }
            #expect(body?.contains("\"text\":\"ab\"") == true)
        }
    }

    @Test("a client that sends Expect: 100-continue gets 100 or the final response (RFC 9110 §10.1.1)")
    func expectation() async throws {
        try await TestServer.run { [form] server in
            try await RawConnection.run(to: server.port) { connection in
                let head = "POST /echo HTTP/1.1\r\nHost: a\r\n\(form)Expect: 100-continue\r\n"
                try await connection.send(head + "Content-Length: 6\r\n\r\n")
                #expect(try await connection.response()?.status == 100)
                try await connection.send("text=a")
                #expect(try await connection.response()?.body.contains("\"text\":\"a\"") == true)
                try await connection.send(head + "Content-Length: 600000\r\n\r\n")
                #expect(try await connection.response()?.status == 413)
            }
        }
    }

    @Test("a request to upgrade the protocol is ignored (RFC 9110 §7.8)")
    func upgrade() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send(
                    "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                        + "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n")
                #expect(try await connection.response()?.status == 200)
            }
        }
    }

    @Test("a response before the body has arrived ends the connection, because the body could be taken for a request")
    func earlyAnswer() async throws {
        try await TestServer.run { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n")
                let response = try #require(try await connection.response())
                #expect(response.status == 404)
                #expect(response.fields["connection"] == "close")
                await connection.sendIgnoringRefusal(Array("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                #expect(try await connection.response() == nil)
            }
        }
    }
}
