import Testing

@Suite("Fetch §3.2: scripts from other origins", .timeLimit(.minutes(1)))
struct CrossOriginTests {
    @Test("a shared endpoint can be read without credentials, whatever the response")
    func shared() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let url = "http://127.0.0.1:\(server.port)/shared"
                var statuses: [Int] = []
                // The third is over the rate limit, and scripts must be able to see that as well.
                for _ in 0..<3 {
                    let answer = try await client.send("POST", url, ["Origin": "https://app.example"])
                    statuses.append(answer.status)
                    #expect(answer.fields["access-control-allow-origin"] == "*")
                    #expect(answer.fields["access-control-allow-credentials"] == nil)
                    #expect(answer.fields["access-control-expose-headers"]?.contains("WWW-Authenticate") == true)
                }
                #expect(statuses == [200, 200, 429])
            }
        }
    }

    /// Sends a preflight request for the header fields.
    private func preflight(_ requested: String?) async throws -> TestClient.Answer {
        try await TestServer.run { server in
            try await TestClient.run { client in
                var fields = ["Origin": "https://app.example", "Access-Control-Request-Method": "POST"]
                fields["Access-Control-Request-Headers"] = requested
                return try await client.send("OPTIONS", "http://127.0.0.1:\(server.port)/shared", fields)
            }
        }
    }

    @Test(
        "Fetch §4.8: a preflight request is allowed the header fields that it names",
        arguments: [
            ("authorization,x-requested-with", "authorization, x-requested-with"),
            ("baggage,content-type,traceparent", "baggage, content-type, traceparent"), ("X-Odd_Name!", "X-Odd_Name!"),
            ("a ,\tb", "a, b"), (String(repeating: "a,", count: 511) + "a", nil),
        ] as [(String, String?)])
    func named(_ requested: String, _ allowed: String?) async throws {
        let answer = try await preflight(requested)
        #expect(answer.status == 204)
        let expected = allowed ?? requested.replacing(",", with: ", ")
        #expect(answer.fields["access-control-allow-headers"] == expected)
        #expect(answer.fields["vary"]?.contains("Access-Control-Request-Headers") == true)
        #expect(answer.fields["access-control-allow-origin"] == "*")
        #expect(answer.fields["access-control-allow-credentials"] == nil)
    }

    @Test(
        "anything but a list of field names of moderate size is not repeated",
        arguments: [
            nil, "", "*", "authorization, *", "a,,b", "a b", "a:b", "a;b", "\"a\"", "<script>", "a\u{E9}", "a,",
            String(repeating: "a", count: 1_025),
        ])
    func odd(_ requested: String?) async throws {
        let answer = try await preflight(requested)
        #expect(answer.status == 204)
        #expect(answer.fields["access-control-allow-headers"] == "Authorization, Content-Type, DPoP")
    }

    @Test("a line break in the names never reaches the response", arguments: ["\r\n", "\n", "\r", "\u{0}"])
    func lineBreak(_ separator: String) async throws {
        try await TestServer.run { server in
            let head = """
                OPTIONS /shared HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://app.example\r\n\
                Access-Control-Request-Method: POST\r\n\
                Access-Control-Request-Headers: a\(separator)Set-Cookie: b=c\r\n\r\n
                """
            let answer = try await RawConnection.run(to: server.port) { connection in
                await connection.sendIgnoringRefusal(Array(head.utf8))
                return try await connection.response()
            }
            let response = try #require(answer)
            // The server either refuses the request or reads another field, which the response doesn't repeat.
            #expect(response.fields["set-cookie"] == nil)
            #expect(["a", nil].contains(response.fields["access-control-allow-headers"]))
        }
    }

    @Test("a preflight request lists what is allowed, and is cached for two hours")
    func preflight() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let answer = try await client.send(
                    "OPTIONS", "http://127.0.0.1:\(server.port)/shared",
                    [
                        "Origin": "https://app.example", "Access-Control-Request-Method": "POST",
                    ])
                #expect(answer.status == 204)
                #expect(answer.text.isEmpty)
                #expect(answer.fields["access-control-allow-origin"] == "*")
                #expect(answer.fields["access-control-allow-methods"] == "POST")
                #expect(answer.fields["access-control-allow-headers"] == "Authorization, Content-Type, DPoP")
                #expect(answer.fields["access-control-max-age"] == "7200")
                #expect(answer.fields["vary"]?.contains("Access-Control-Request-Method") == true)
                #expect(answer.fields["content-length"] == nil)
            }
        }
    }

    @Test("other endpoints send no CORS headers", arguments: ["/echo", "/page", "/nothing"])
    func others(_ path: String) async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                for method in ["GET", "OPTIONS"] {
                    let answer = try await client.send(
                        method, "http://127.0.0.1:\(server.port)\(path)",
                        ["Origin": "https://app.example", "Access-Control-Request-Method": "GET"])
                    #expect(answer.fields.keys.filter { $0.hasPrefix("access-control") } == [])
                }
            }
        }
    }
}
