import HTTPTypes

/// A page of an interaction.
protocol InteractionPageEndpoint: PageEndpoint {
    var pages: InteractionPages { get }
}

extension InteractionPageEndpoint {
    var formToken: FormToken { pages.formToken }

    func respond(to request: Request) async throws -> Response {
        try await pages.guide(request) {
            guard request.method == .post else { return try await show(request) }
            try formToken.verify(request)
            return try await submit(request)
        }
    }
}
