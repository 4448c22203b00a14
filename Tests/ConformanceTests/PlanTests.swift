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
        let official = [
            Plans.basic, .init(Plans.config.name), Plans.formPost, Plans.logout, Plans.backChannel,
            Plans.frontChannel, Plans.sessionManagement,
        ]
        #expect(official.map(\.modules.count) == [38, 1, 38, 11, 2, 2, 2])
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
        #expect(Plans.notImplemented.count == 16)
        #expect(Plans.notImplemented.contains("fapi1-advanced-final-test-plan"))
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

    @Test("every module of the FAPI 2.0 plans has a script, except those of other ecosystems")
    func fapi() {
        #expect(Plans.fapi.map(\.modules.count) == [62, 62, 62, 62, 78, 78, 78, 78, 78, 78])
        for plan in Plans.fapi {
            for module in plan.modules where Modules.all[module] == nil {
                #expect(OfficialPlans.exclusion(of: module, in: plan.variant)?.contains("profile=plain_fapi") == true)
            }
        }
    }

    @Test(
        "as many modules of the FAPI 2.0 plans apply as in the official suite",
        arguments: [
            (FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect), 56), (FAPIVariant(.mtls, .mtls, .openIDConnect), 37),
            (FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect, .signed, .jarm), 70),
        ])
    func applicable(_ variant: FAPIVariant, count: Int) throws {
        let isSigned = variant.requestMethod == .signed
        let name = "fapi2-\(isSigned ? "message-signing" : "security-profile")-final-test-plan"
        let plan = Plan(name, variant: Variant(fapi: variant))
        #expect(plan.modules.count { OfficialPlans.exclusion(of: $0, in: plan.variant) == nil } == count)
    }

    @Test(
        "the usual variants of a FAPI 2.0 plan cover every pair of values",
        arguments: [
            (FAPIVariant.securityPairs, FAPIVariant.securityProfile),
            (FAPIVariant.signingPairs, FAPIVariant.messageSigning),
        ])
    func pairs(_ usual: [FAPIVariant], of every: [FAPIVariant]) {
        func pairs(_ variants: [FAPIVariant]) -> Set<[String]> {
            Set(
                variants.flatMap { variant in
                    let values = variant.values.map { "\($0.name)=\($0.value)" }
                    return values.indices.flatMap { first in
                        values[(first + 1)...].map { [values[first], $0] }
                    }
                })
        }
        #expect(pairs(usual) == pairs(every))
        #expect(usual.count < every.count)
        #expect(Set(usual).isSubset(of: every))
    }

    @Test("modules outside a variant are skipped with the reason, and no allowlist needs to mention them")
    func skipped() async throws {
        let plan = Plan("fapi2-message-signing-final-test-plan", variant: Variant(fapi: FAPIVariant.signingPairs[3]))
        let module = "fapi2-security-profile-final-dpop-negative-tests"
        let target = Target(
            issuer: "https://id.example.com", clients: [:], user: Account(username: "a", password: "b"))
        let transport = Transport()
        let results = await Runner(target: target, transport: transport, width: 1)
            .run(Selection(plans: [plan], modules: [module])) { _, _ in }
        await transport.close()
        let result = try #require(results.first?.modules.first)
        #expect(result.outcome == .skipped)
        #expect(result.reason == "not applicable: sender_constrain=mtls")
        #expect(Allowance(AllowList(entries: []), results).objections == [])
    }
}
