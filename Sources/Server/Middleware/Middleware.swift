/// One concern applied to every request and its response.
protocol Middleware: Sendable {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer
}

/// A responder wrapped in middleware, the first outermost.
struct Pipeline: Sendable {
    private let responder: @Sendable (Exchange) async throws -> Answer

    init(_ layers: [any Middleware], around responder: @escaping @Sendable (Exchange) async throws -> Answer) {
        self.responder = layers.reversed().reduce(responder) { next, layer in
            { exchange in try await layer.respond(to: exchange, next: next) }
        }
    }

    func respond(to exchange: Exchange) async throws -> Answer { try await responder(exchange) }
}
