/// How an authorization response reaches the client (OAuth 2.0 Multiple Response Type Encoding Practices §2.1).
package enum ResponseMode: String, Sendable, Codable, CaseIterable {
    case query = "query"
    /// In a form that the browser posts (OAuth 2.0 Form Post Response Mode §2).
    case formPost = "form_post"
}
