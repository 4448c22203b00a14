import Crypto
import FoundationEssentials
import IdentityProvider

/// The Content Security Policy of pages. It allows one style, the form targets and frames that the page lists, and the
/// scripts that the page uses, each by its address or hash.
struct PagePolicy: Sendable {
    private let styleHash: String
    private let scriptHash: String
    private let pageScriptHash: String

    init(style: String, script: String, pageScript: String = "") {
        styleHash = Self.hash(style)
        scriptHash = Self.hash(script)
        pageScriptHash = Self.hash(pageScript)
    }

    private static func hash(_ text: String) -> String {
        Data(SHA256.hash(data: Array(text.utf8))).base64EncodedString()
    }

    func field(for page: Page, runsPageScript: Bool = false) -> String {
        let images = ["'self'", "data:"] + page.imageSources.compactMap(Self.source)
        let targets = ["'self'"] + page.formTargets.compactMap(Self.source)
        let hashes = (page.submitsItself ? [scriptHash] : []) + (runsPageScript ? [pageScriptHash] : [])
        let scripts = hashes.map { "'sha256-\($0)'" } + page.scriptSources.compactMap(Self.source)
        let script = scripts.isEmpty ? "" : " script-src \(scripts.joined(separator: " "));"
        let frames = page.frameSources.compactMap(Self.source)
        let frame = frames.isEmpty ? "" : " frame-src \(frames.joined(separator: " "));"
        return """
            default-src 'none';\(script)\(frame) style-src 'sha256-\(styleHash)'; img-src \(images.joined(separator: " ")); \
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
