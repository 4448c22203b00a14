import FoundationEssentials
import HTTPTypes
import JOSE
import Logging

extension Path { static let authorization = Path("/authorize") }

/// The authorization endpoint (RFC 6749 §3.1; OpenID Connect Core §3.1.2). Pages return to it with the interaction.
struct AuthorizationEndpoint: Endpoint {
    private let intake: AuthorizationIntake
    private let loop: InteractionLoop
    private let pages: InteractionPages
    private let responder: AuthorizationResponder
    private let pushed: PushedRequests
    private let audit: AuditLog
    private let hasSignUpPage: Bool
    let routes = [Route.get(.authorization, rateLimit: .requests), .post(.authorization, rateLimit: .requests)]

    init(_ core: Core, loop: InteractionLoop) {
        intake = AuthorizationIntake(core)
        pages = InteractionPages(core)
        responder = AuthorizationResponder(core)
        pushed = PushedRequests(core)
        audit = core.audit
        hasSignUpPage = core.hasSignUpPage
        self.loop = loop
    }

    func respond(to request: Request) async throws -> Response {
        if request.parameters["interaction"] != nil {
            return try await pages.guide(request) {
                let (interaction, cookie) = try loop.interactions.resumeOrBind(request)
                return try await proceed(interaction, request).setting(cookie)
            }
        }
        let received = try await intake.receive(request.parameters)
        return try await redirectingErrors(to: received.redirect, of: received.client.id, request) {
            let interaction = loop.interactions.make(.authorization(try await intake.check(received)))
            // Browsers don't send our cookies with a cross-site POST. They send them with the GET that follows.
            guard request.method != .post else { return try loop.interactions.proceed(interaction) }
            let (bound, cookie) = loop.interactions.bind(interaction, in: request)
            return try await proceed(bound, request).setting(cookie)
        }
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    private func proceed(_ interaction: Interaction, _ request: Request) async throws -> Response {
        guard case .authorization(let authorization) = interaction.purpose else { throw OAuthError.interactionLost }
        return try await redirectingErrors(to: authorization.redirect, of: authorization.client, request) {
            // A denied request is answered as well.
            if interaction.isDenied, let id = authorization.pushed { try await pushed.discard(id) }
            switch try await loop.advance(interaction, request) {
            case .step(let response): return response
            case .done(let session):
                if let id = authorization.pushed { try await pushed.consume(id) }
                audit.record(
                    .authorizationGranted(scope: authorization.scope, details: authorization.details?.types ?? []),
                    user: session.user,
                    client: authorization.client, session: session.id)
                return try await responder.respond(
                    to: authorization, for: session, acr: interaction.context(of: session) ?? session.acr, request)
            }
        }
    }

    private func redirectingErrors(
        to redirect: VerifiedRedirect, of client: Identifier<Client>, _ request: Request,
        _ body: () async throws -> Response
    ) async throws -> Response {
        do { return try await body() } catch {
            // Not redirected: the user can retry this page, but a client would take the error as final.
            if error is any StorageUnavailable { throw error }
            let answer = OAuthError(reporting: error)
            Measurements.countRefusal(answer.code)
            Logger.current.notice(
                "authorization refused",
                metadata: [
                    "route": "\(Path.authorization)", "client_id": "\(client)", "error": "\(answer.code.rawValue)",
                    "reason": "\(answer.description)",
                    "cause": "\(answer.cause.map { "\($0)" } ?? "none")",
                ])
            audit.record(
                .requestRefused(
                    route: Path.authorization.text, error: answer.code, reason: answer.description), client: client)
            return try await responder.redirect(answer, to: redirect, of: client, request)
        }
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["authorization_endpoint"] = metadata.url(.authorization)
        metadata["response_types_supported"] = ["code"]
        metadata["response_modes_supported"] = .array(ResponseMode.allCases.map { .string($0.rawValue) })
        metadata["code_challenge_methods_supported"] = ["S256"]
        let prompts = Prompt.allCases.filter { hasSignUpPage || $0 != .create }
        metadata["prompt_values_supported"] = .array(prompts.map { .string($0.rawValue) })
        metadata["display_values_supported"] = .array(Display.allCases.map { .string($0.rawValue) })
        metadata["acr_values_supported"] = .array(AuthenticationContext.allCases.map { .string($0.rawValue) })
        metadata["claims_parameter_supported"] = true
        metadata["request_parameter_supported"] = true
        metadata["request_uri_parameter_supported"] = true
        metadata["require_request_uri_registration"] = true
        metadata["request_object_signing_alg_values_supported"] = .array(
            SignatureAlgorithm.asymmetric.map { .string($0.rawValue) })
        metadata["authorization_signing_alg_values_supported"] = .array(
            KeyRing.algorithms.map { .string($0.rawValue) })
        metadata["authorization_response_iss_parameter_supported"] = true
    }
}
