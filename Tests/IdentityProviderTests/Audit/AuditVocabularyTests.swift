import Foundation
import Testing

@testable import IdentityProvider

@Suite("The audit vocabulary contains no unused entries")
struct AuditVocabularyTests {
    /// The names that match `pattern` in the sources, except in the vocabulary itself.
    private func names(after pattern: Regex<(Substring, Substring)>) throws -> Set<String> {
        let root = URL(filePath: #filePath).appending(path: "../../../../Sources").standardizedFileURL
        var names: Set<String> = []
        for folder in ["IdentityProvider", "martlet"] {
            let files = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for case let file as URL in files ?? .init()
            where file.pathExtension == "swift" && !file.lastPathComponent.hasPrefix("AuditEvent") {
                let text = try String(contentsOf: file, encoding: .utf8)
                names.formUnion(text.matches(of: pattern).map { String($0.output.1) })
            }
        }
        return names
    }

    @Test("every event is recorded somewhere")
    func events() throws {
        // As the first argument of a call, or as one of its alternatives: `record(.signedOut)`, `?? .signedIn(…)`.
        let made = try names(after: /(?:\(|\{|\?\?)\s*\.(\w+)/)
        // One case with a Boolean covers each of these pairs of names.
        let both: [AuditEvent.Name: String] = [.accountDisabled: "accountEnabled", .clientDisabled: "clientEnabled"]
        #expect(AuditEvent.Name.allCases.map { both[$0] ?? "\($0)" }.filter { !made.contains($0) } == [])
    }

    @Test("every reason for refusing a sign-in is used")
    func refusals() throws {
        let named = try names(after: /[^\w]\.(\w+)/)
        #expect(SignInRefusal.allCases.map { "\($0)" }.filter { !named.contains($0) } == [])
    }
}
