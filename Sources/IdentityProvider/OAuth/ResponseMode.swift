/// How an authorization response reaches the client (OAuth 2.0 Multiple Response Type Encoding Practices §2.1; JARM §2.3).
package enum ResponseMode: String, Sendable, Codable, CaseIterable {
    case query = "query"
    /// In a form that the browser posts (OAuth 2.0 Form Post Response Mode §2).
    case formPost = "form_post"
    /// The default place for a signed response: the query, because there is only the code flow (JARM §2.3.4).
    case jwt = "jwt"
    case queryJWT = "query.jwt"
    case fragmentJWT = "fragment.jwt"
    case formPostJWT = "form_post.jwt"

    /// Where the response is put.
    enum Place: Sendable { case query, fragment, form }

    var place: Place {
        switch self {
        case .query, .jwt, .queryJWT: .query
        case .fragmentJWT: .fragment
        case .formPost, .formPostJWT: .form
        }
    }

    /// Whether the response is a JWT (JARM §2.1).
    var isSigned: Bool {
        switch self {
        case .query, .formPost: false
        case .jwt, .queryJWT, .fragmentJWT, .formPostJWT: true
        }
    }
}
