import Crypto
import FoundationEssentials
import IdentityProvider

/// The Content Security Policy of pages. It allows one style, form targets and script files that the page names, and,
/// on a page that submits itself, the one inline script that does so.
struct PagePolicy: Sendable {
    private let styleHash: String
    private let scriptHash: String

    init(style: String, script: String) {
        styleHash = Self.hash(style)
        scriptHash = Self.hash(script)
    }

    private static func hash(_ text: String) -> String {
        Data(SHA256.hash(data: Array(text.utf8))).base64EncodedString()
    }

    func field(for page: Page) -> String {
        let images = ["'self'", "data:"] + page.imageSources.compactMap(Self.source)
        let targets = ["'self'"] + page.formTargets.compactMap(Self.source)
        let scripts =
            (page.submitsItself ? ["'sha256-\(scriptHash)'"] : []) + page.scriptSources.compactMap(Self.source)
        let script = scripts.isEmpty ? "" : " script-src \(scripts.joined(separator: " "));"
        return """
            default-src 'none';\(script) style-src 'sha256-\(styleHash)'; img-src \(images.joined(separator: " ")); \
            form-action \(targets.joined(separator: " ")); frame-ancestors 'none'; base-uri 'none'
            """
    }

    /// Returns the source in a form that is safe in the policy, or `nil` if it could end its directive and begin
    /// another (CSP §2.3.1).
    private static func source(_ uri: String) -> String? {
        // A source expression has no query or fragment.
        let source = uri.prefix { $0 != "?" && $0 != "#" }
        let isPlain = source.utf8.allSatisfy { 0x21...0x7E ~= $0 && !";,'\"*".utf8.contains($0) }
        return isPlain && source.contains(":") ? String(source) : nil
    }
}
