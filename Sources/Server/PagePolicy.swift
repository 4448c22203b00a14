import Crypto
import FoundationEssentials
import IdentityProvider

/// The Content Security Policy of our pages: no script, one style, and forms that lead where the page says.
struct PagePolicy: Sendable {
    private let styleHash: String

    init(style: String) {
        styleHash = Data(SHA256.hash(data: Array(style.utf8))).base64EncodedString()
    }

    func field(for page: Page) -> String {
        let images = ["'self'", "data:"] + page.imageSources.compactMap(Self.source)
        let targets = ["'self'"] + page.formTargets.compactMap(Self.source)
        return """
            default-src 'none'; style-src 'sha256-\(styleHash)'; img-src \(images.joined(separator: " ")); \
            form-action \(targets.joined(separator: " ")); frame-ancestors 'none'; base-uri 'none'
            """
    }

    /// The source as it may stand in the policy; `nil` for what could end it and begin another directive (CSP §2.3.1).
    private static func source(_ uri: String) -> String? {
        // A source has no query.
        let source = uri.prefix { $0 != "?" && $0 != "#" }
        let isPlain = source.utf8.allSatisfy { 0x21...0x7E ~= $0 && !";,'\"*".utf8.contains($0) }
        return isPlain && source.contains(":") ? String(source) : nil
    }
}
