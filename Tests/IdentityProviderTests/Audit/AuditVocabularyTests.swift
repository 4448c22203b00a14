import Foundation
import Testing

@testable import IdentityProvider

@Suite("No event is in the vocabulary that nothing records")
struct AuditVocabularyTests {
    /// The names that follow `pattern` in the sources, but for the vocabulary itself.
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

    @Test("every event is made by the operation that it is about")
    func events() throws {
        // As the first argument of a call, or what is chosen for one: `record(.signedOut)`, `?? .signedIn(…)`.
        let made = try names(after: /(?:\(|\{|\?\?)\s*\.(\w+)/)
        // Of what is on or off, one event has both names.
        let both: [AuditEvent.Name: String] = [.accountDisabled: "accountEnabled", .clientDisabled: "clientEnabled"]
        #expect(AuditEvent.Name.allCases.map { both[$0] ?? "\($0)" }.filter { !made.contains($0) } == [])
    }

    @Test("every reason for which a sign-in is refused occurs")
    func refusals() throws {
        let named = try names(after: /[^\w]\.(\w+)/)
        #expect(SignInRefusal.allCases.map { "\($0)" }.filter { !named.contains($0) } == [])
    }
}
