import FoundationEssentials
import HTTPTypes
import JOSE

extension Mutation {
    /// Returns the response with the fault applied.
    func changed(_ response: Response, to request: Request, _ tools: MutationTools) async throws -> Response {
        switch Path(request.path) {
        case .authorization, .consent:
            try await changeResponseJWT(changeAuthorization(changeConsent(response), tools), tools)
        case .pushedAuthorization:
            self == .requestURILivesLong && response.status == .created
                ? try response.changing { $0["expires_in"] = 5 } : response
        case .token:
            response.status == .ok
                ? try await changeTokens(response, tools) : changeTokenError(response)
        case .userInfo: try changeUserInfo(response)
        case .introspection: try await changeIntrospection(response, request, tools)
        case .endSession, .confirmSignOut: changeBrowserState(changeFrames(changeSignOut(response, request)))
        case .checkSession: changeSessionFrame(response)
        case .deviceAuthorization:
            self == .userCodeShort && response.status == .ok
                ? try response.changing { members in
                    members["user_code"] = "BCDF"
                    members["verification_uri_complete"] = nil
                } : response
        case .approveDevice: changeDevicePage(response)
        case .signIn: changeAccountCookie(response)
        case .eventStreams, .eventStreamStatus, .eventStreamVerification, .addEventSubject:
            try await changeSignals(response, request, tools)
        case .openIDConfiguration:
            self == .otherIssuerInMetadata
                ? try response.changing { $0["issuer"] = "https://elsewhere.example" } : response
        case .jwks: try changeKeys(response)
        default: response
        }
    }

    private func changeAuthorization(_ response: Response, _ tools: MutationTools) -> Response {
        var response = response
        if self == .formNotEscaped, case .page(let page) = response.body, page.template == "form-post" {
            return Self.unescaped(page, response)
        }
        guard let location = response.headers[.location], let mark = location.firstIndex(of: "?") else {
            return response
        }
        var pairs = location[location.index(after: mark)...].split(separator: "&").map(String.init)
        func replace(_ name: String, _ change: (String) -> String?) {
            pairs = pairs.compactMap { pair in
                guard pair.hasPrefix("\(name)=") else { return pair }
                return change(String(pair.dropFirst(name.count + 1))).map { "\(name)=\($0)" }
            }
        }
        switch self {
        case .issuerParameterMissing: replace("iss") { _ in nil }
        case .issuerParameterWrong: replace("iss") { $0 + "%2Fother" }
        case .sessionStateConstant: replace("session_state") { _ in "c2Vzc2lvbg.c2FsdA" }
        case .shortCode: replace("code") { tools.codes.shorten($0) }
        default: return response
        }
        response.headers[.location] = "\(location[...mark])\(pairs.joined(separator: "&"))"
        return response
    }

    private func changeResponseJWT(_ response: Response, _ tools: MutationTools) async throws -> Response {
        guard [.responseAudienceMissing, .responseExpiryMissing].contains(self),
            let location = response.headers[.location], let range = location.firstRange(of: "response=")
        else { return response }
        let token = location[range.upperBound...].prefix { $0 != "&" }
        let changed = try await tools.resigned(String(token)) { claims in
            claims[self == .responseAudienceMissing ? "aud" : "exp"] = nil
        }
        var response = response
        response.headers[.location] = location.replacing(token, with: changed)
        return response
    }

    private func changeUserInfo(_ response: Response) throws -> Response {
        guard response.status == .ok else { return response }
        switch self {
        case .otherSubjectAtUserInfo: return try response.changing { $0["sub"] = "somebody-else" }
        case .userInfoNotSigned:
            guard case .bytes(let bytes) = response.body,
                let claims = try? JWT.unverifiedClaims(of: String(decoding: bytes, as: UTF8.self))
            else { return response }
            return .json(claims)
        default: return response
        }
    }

    private static func unescaped(_ page: Page, _ response: Response) -> Response {
        func text(_ value: Page.Value?) -> String { if case .text(let text)? = value { text } else { "" } }
        var html = "<!doctype html><form method=\"post\" action=\"\(text(page.data["action"]))\">"
        if case .list(let fields)? = page.data["fields"] {
            for case .object(let field) in fields {
                html += "<input type=\"hidden\" name=\"\(text(field["name"]))\" value=\"\(text(field["value"]))\">"
            }
        }
        var headers = response.headers
        headers[.contentType] = "text/html"
        return Response(headers: headers, body: .bytes(Array((html + "</form>").utf8)))
    }

    private func changeTokens(_ response: Response, _ tools: MutationTools) async throws -> Response {
        if self == .detailsNotReturned { return try response.changing { $0["authorization_details"] = nil } }
        guard let token = try response.object()["id_token"]?.string else { return response }
        let changed: String
        switch self {
        case .accessTokenHashWrong:
            changed = try await tools.resigned(token) { $0["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }
        case .unpublishedKey:
            let name = try JWS(parsing: token).header["alg"]?.string ?? ""
            let key = try PrivateKey.generate(for: SignatureAlgorithm(rawValue: name))
            changed = try await tools.resigned(token, key: key.signer(keyID: JWS(parsing: token).header["kid"]?.string))
        case .audienceWrong: changed = try await tools.resigned(token) { $0["aud"] = "somebody-else" }
        case .issuerWrong: changed = try await tools.resigned(token) { $0["iss"] = "https://elsewhere.example" }
        case .keyIdentifierMissing: changed = try await tools.resigned(token, hidesKey: true)
        case .authenticationTimeMissing: changed = try await tools.resigned(token) { $0["auth_time"] = nil }
        default: return response
        }
        return try response.changing { $0["id_token"] = .string(changed) }
    }

    private func changeTokenError(_ response: Response) -> Response {
        var response = response
        switch self {
        case .fastPollsAllowed, .denialHidden:
            return (try? response.changing { $0["error"] = .string(devicePollError($0["error"]?.string ?? "")) })
                ?? response
        case .errorAsPage:
            response.headers[.contentType] = "text/html"
            return Response(status: response.status, headers: response.headers, body: .bytes(Array("<h1>No</h1>".utf8)))
        case .errorAsFault: response.status = .internalServerError
        case .errorOfOtherCode:
            return (try? response.changing { $0["error"] = "invalid_request" }) ?? response
        default: break
        }
        return response
    }

    private func changeIntrospection(
        _ response: Response, _ request: Request, _ tools: MutationTools
    ) async throws -> Response {
        if self == .detailsNotReturned { return try response.changing { $0["authorization_details"] = nil } }
        if self == .introspectionWithoutConfirmation {
            return try response.changing { claims in
                claims["cnf"] = nil
                if claims["token_type"] != nil { claims["token_type"] = "Bearer" }
            }
        }
        if self == .introspectionOfOtherType, case .bytes(let bytes) = response.body,
            case let text = String(decoding: bytes, as: UTF8.self), (try? JWS(parsing: text)) != nil
        {
            let changed = Array(try await tools.resigned(text).utf8)
            return Response(status: response.status, headers: response.headers, body: .bytes(changed))
        }
        guard self == .introspectionOpen, response.status == .unauthorized, let token = request.parameters["token"],
            let bearer = try await tools.bearers.bearer(token)
        else { return response }
        var claims = bearer.token.claims(issuer: tools.issuer)
        claims["active"] = true
        return .json(claims)
    }

    private func changeSignOut(_ response: Response, _ request: Request) -> Response {
        var response = response
        if self == .sessionSurvives { response.headers[.setCookie] = nil }
        if self == .signOutDestinationNotChecked, let uri = request.parameters["post_logout_redirect_uri"],
            case .page = response.body
        {
            return .redirect(to: uri)
        }
        return response
    }

    private func changeKeys(_ response: Response) throws -> Response {
        switch self {
        case .privateKeyPublished:
            try response.changing { set in
                var keys = set["keys"]?.array ?? []
                guard var key = keys.popLast()?.object else { return }
                key["d"] = "AQAB"
                set["keys"] = .array(keys + [.object(key)])
            }
        case .keyIdentifierTwice:
            try response.changing { set in
                let keys = set["keys"]?.array ?? []
                set["keys"] = .array(keys + keys.prefix(1))
            }
        default: response
        }
    }
}

extension Response {
    fileprivate func object() throws -> JSONObject {
        guard case .bytes(let bytes) = body, !bytes.isEmpty else { return [:] }
        // Signed responses have no members to change.
        return (try? JSONObject(parsing: bytes)) ?? [:]
    }

    fileprivate func changing(_ change: (inout JSONObject) -> Void) throws -> Response {
        var object = try object()
        guard !object.isEmpty else { return self }
        change(&object)
        return Response(status: status, headers: headers, body: .bytes(object.serialized()))
    }
}
