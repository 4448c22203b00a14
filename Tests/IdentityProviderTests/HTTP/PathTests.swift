import Foundation
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Paths of the provider")
struct PathTests {
    @Test("every method and path belongs to one endpoint")
    func unique() async throws {
        let routes = try await routes().map { "\($0.method) \($0.path)" }
        #expect(routes.count > 60)
        #expect(Dictionary(grouping: routes) { $0 }.filter { $1.count > 1 }.keys.sorted() == [])
    }

    @Test("every declared path is unique and served")
    func declared() async throws {
        let served = Set(try await routes().map(\.path))
        var declared: [Path] = []
        for (_, text) in try sources() {
            declared += text.matches(of: /static let \S+ = Path\("([^"]+)"\)/).map { Path(String($0.output.1)) }
        }
        #expect(declared.count > 40)
        #expect(declared.count == Set(declared).count)
        #expect(declared.filter { !served.contains($0) } == [])
    }

    @Test("path literals occur only in declarations")
    func literals() throws {
        let declaration = /static (?:let|func) [^\n]*[={]\s*Path\("\//
        // Paths below /.martlet/ are on an application's origin.
        let literal = /"\/(?!\.martlet\/)[a-z.][^"\n]*/
        #expect(#"static let token = Path("/token")"#.replacing(declaration, with: "").firstMatch(of: literal) == nil)
        #expect(#"Route.get(Path("/token"))"#.replacing(declaration, with: "").firstMatch(of: literal) != nil)
        for (file, text) in try sources() {
            let rest = text.replacing(declaration, with: "")
            #expect(rest.matches(of: literal).map { String($0.output) } == [], "\(file)")
        }
    }

    private func routes() async throws -> [Route] {
        let issuer = try await TestIssuer(mailbox: TestMailbox(), signUp: .open)
        return issuer.provider.endpoints.flatMap(\.routes)
    }

    /// The text of each source file, without comments.
    private func sources() throws -> [(file: String, text: String)] {
        let root = URL(filePath: #filePath).appending(path: "../../../../Sources/IdentityProvider").standardizedFileURL
        let files = try FileManager.default.subpathsOfDirectory(atPath: root.path()).filter { $0.hasSuffix(".swift") }
        return try files.map { file in
            let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
            let code = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
            return (file, code.joined(separator: "\n"))
        }
    }
}
