/// Where the client shows our pages (OpenID Connect Core §3.1.2.1). A value that nobody knows is no error.
package enum Display: String, Sendable, Codable, CaseIterable {
    case page = "page"
    case popup = "popup"
    case touch = "touch"
}
