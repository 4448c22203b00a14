/// How the client displays our pages (OpenID Connect Core §3.1.2.1). Unknown values are ignored.
package enum Display: String, Sendable, Codable, CaseIterable {
    case page = "page"
    case popup = "popup"
    case touch = "touch"
}
