import Foundation
import Testing

@testable import Conformance

@Suite("Plans and modules match those of the official suite")
struct PlanTests {
    private static let withoutRegistration: Set = [
        "oidcc-idtoken-signature", "oidcc-idtoken-unsigned",
        "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    ]

    @Test("every module of the runnable official plans has a script, except those that need registration")
    func complete() {
        let official = [Plans.basic, .init(Plans.config.name), Plans.formPost, Plans.logout]
        #expect(official.map(\.modules.count) == [38, 1, 38, 11])
        for plan in official {
            let missing = plan.modules.filter { Modules.all[$0] == nil }
            #expect(Set(missing).isSubset(of: Self.withoutRegistration), "\(plan.name): \(missing)")
        }
        #expect(Plans.formPost.modules == Plans.basic.modules)
    }

    @Test("every script belongs to a plan, and every plan of the suite is known by name")
    func known() {
        let planned = Set(Plans.all.flatMap(\.modules))
        #expect(Modules.all.keys.filter { !planned.contains($0) } == [])
        #expect(OfficialPlans.all.count == 25)
        #expect(Plans.notImplemented.count == 21)
        #expect(Plans.notImplemented.contains("fapi2-security-profile-final-test-plan"))
        for plan in OfficialPlans.all { #expect(!plan.modules.isEmpty, "\(plan.name)") }
    }

    @Test("every module cites sections, and Martlet's own modules cite existing requirements")
    func citations() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Conformance/requirements.csv").standardizedFileURL
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let known = Set(lines.compactMap { $0.split(separator: ",").first.map(String.init) })
        for module in Modules.all.values {
            #expect(!module.sections.isEmpty, "\(module.name)")
            guard module.name.hasPrefix("martlet-") else { continue }
            let unknown = module.sections.filter { !known.contains($0) }
            #expect(unknown == [], "\(module.name)")
        }
    }

    @Test("every listed fault names modules that exist and have a script")
    func mutations() {
        for mutation in ListedMutation.all {
            for module in mutation.modules {
                #expect(mutation.plan.modules.contains(module), "\(mutation.name): \(module)")
                #expect(Modules.all[module] != nil, "\(mutation.name): \(module)")
            }
        }
    }
}
