import HTTPTypes

/// Lets scripts of any origin call endpoints that ignore cookies (Fetch standard, CORS): credentials are not shared.
enum CrossOrigin {
    static func allow(_ answer: inout Answer) {
        answer.headers[.accessControlAllowOrigin] = "*"
        answer.headers[.accessControlExposeHeaders] = "WWW-Authenticate, Retry-After"
    }

    static func preflight(for methods: [HTTPRequest.Method]) -> Answer {
        let names = methods.map(\.rawValue).sorted().joined(separator: ", ")
        return Answer(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: names, .accessControlAllowHeaders: "Authorization, Content-Type, DPoP",
                .accessControlMaxAge: "7200",
            ], body: [], route: "preflight")
    }
}
