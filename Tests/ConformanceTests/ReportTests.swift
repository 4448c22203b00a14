import Foundation
import Testing

@testable import Conformance

@Suite("Reports contain everything except secrets")
struct ReportTests {
    private static let secret = "first-secret & more"

    private func result(
        _ name: String, _ outcome: Outcome, _ verdict: Verdict = .holds, level: Level = .failure
    ) -> ModuleResult {
        let request = WebRequest.form(
            [
                Parameter("client_secret", Self.secret), Parameter("code", "0123456789abcdefghij"),
                Parameter("scope", "openid"),
            ],
            to: WebAddress("https://id.example.com/token?access_token=abcdefghijklmnopq&x=1"),
            headers: [ClientAuthentication.basic("web", Self.secret), Parameter("Cookie", "s=0123456789abcdefghij")])
        let answer = WebAnswer(
            status: 200,
            headers: [
                Parameter("Content-Type", "application/json"),
                Parameter("Set-Cookie", "session=0123456789abcdefghij; HttpOnly"),
                Parameter("Location", "https://rp.example/?code=0123456789abcdefghij&state=s"),
            ],
            body: Array(
                #"{"access_token":"0123456789abcdefghij","scope":"<openid>","deep":[{"id_token":"0123456789abcdefghij"}]}"#
                    .utf8))
        let page = WebAnswer(
            status: 200, headers: [Parameter("Content-Type", "text/html")],
            body: Array(
                """
                <input type="hidden" name="form_token" value="0123456789abcdefghij">\(Self.secret)
                <INPUT VALUE='0123456789abcdefghij' name=code><input value=0123456789abcdefghij name=interaction>
                """.utf8))
        let log = ExchangeLog()
        log.record(request, .success(answer), since: .now)
        log.record(WebRequest("GET", WebAddress("https://id.example.com/")), .success(page), since: .now)
        log.record(request, .failure(Misbehaviour("no answer")), since: .now)
        return ModuleResult(
            module: name, sections: ["RFC6749-4.1"], outcome: outcome, reason: "because <of> \(Self.secret)",
            findings: [
                Finding(
                    condition: "it & holds", level: level, sections: ["RFC 6749 §4.1"], verdict: verdict, exchange: 1)
            ],
            exchanges: log.all, seconds: 1)
    }

    private func report(_ modules: [ModuleResult], _ list: AllowList? = nil, isWhole: Bool = true) -> Report {
        let plans = [PlanResult(plan: "a-plan", variant: "v", isWhole: isWhole, modules: modules)]
        return Report(
            issuer: "https://id.example.com", began: Date(timeIntervalSince1970: 0), seconds: 1, plans: plans,
            masking: Masking(secrets: [Self.secret]), allowance: list.map { Allowance($0, plans) })
    }

    @Test("no report format contains a secret, token or cookie")
    func masked() {
        let report = report([result("m", .failed, .broken("found \(Self.secret)"))])
        for text in [HTMLReport.render(report), JSONReport.render(report), JUnitReport.render(report)] {
            #expect(!text.contains("0123456789abcdefghij"))
            #expect(!text.contains("abcdefghijklmnopq"))
            #expect(!text.contains(Self.secret))
            #expect(!text.contains(FormEncoding.encode(Self.secret)))
            #expect(!text.contains(XML.escape(Self.secret)))
            #expect(!text.contains(Data("web:\(FormEncoding.encode(Self.secret))".utf8).base64EncodedString()))
        }
    }

    @Test("the HTML report is self-contained, and data is shown as text")
    func html() {
        let html = HTMLReport.render(report([result("m<script>", .failed, .broken("<img>"))]))
        #expect(!html.contains("<script"))
        #expect(!html.contains("<img"))
        #expect(!html.contains("src="))
        #expect(!html.contains("href=\"http"))
        #expect(html.contains("m&lt;script&gt;"))
        #expect(html.contains("RFC6749-4.1"))
        #expect(html.contains("scope=openid"))
        #expect(html.contains("1 failed"))
    }

    @Test("the JSON and JUnit reports are well-formed and agree")
    func machines() throws {
        let report = report([
            result("good", .passed), result("bad", .failed, .broken("x")), result("gone", .notImplemented),
            result("odd", .warning, .broken("y\u{1}"), level: .warning),
        ])
        let json = try #require(JSON(parsing: JSONReport.render(report).utf8))
        #expect(json["summary"] == "2 passed, 1 failed, 1 skipped")
        #expect(json["good"] == false)
        #expect(json["plans"]?.array?.first?["verdict"] == "failed")
        let xml = JUnitReport.render(report)
        #expect(xml.contains("tests=\"4\" failures=\"1\" skipped=\"1\""))
        #expect(xml.components(separatedBy: "<testcase").count == 5)
        #expect(!xml.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }

    @Test(
        "a run succeeds only if nothing failed and nothing requested is incomplete",
        arguments: [
            ([.passed, .warning], true), ([.passed, .skipped], true), ([.passed, .failed], false),
            ([.passed, .interrupted], false), ([.passed, .notImplemented], false), ([.passed, .notConfigured], false),
            ([.skipped], false), ([], false),
        ] as [([Outcome], Bool)])
    func good(_ outcomes: [Outcome], isGood: Bool) {
        let report = report(outcomes.enumerated().map { result("m\($0.offset)", $0.element) })
        #expect(report.isGood == isGood)
    }

    @Test("an allowlist permits gaps, requires them to occur, and must name every warning")
    func allowList() throws {
        let text = #"""
            [{"module": "gap", "result": "NOT-IMPLEMENTED", "reason": "r"},
             {"plan": "a-plan", "module": "odd", "result": "WARNING", "condition": "it & holds", "reason": "r"},
             {"plan": "other-plan", "module": "elsewhere", "result": "SKIPPED", "reason": "r"}]
            """#
        let list = try JSONDecoder().decode(AllowList.self, from: Data(text.utf8))
        let (fine, gap) = (result("fine", .passed), result("gap", .notImplemented))
        let odd = result("odd", .warning, .broken("x"), level: .warning)
        #expect(report([fine, gap, odd], list).objections == [])
        #expect(report([fine, result("gap", .passed), odd], list).objections.count == 1)
        #expect(report([fine, gap, result("odd", .passed)], list).objections.count == 1)
        #expect(
            report([fine, gap, odd, result("new", .warning, .broken("x"), level: .warning)], list).objections.count == 1
        )
        #expect(report([fine, gap, odd, result("new", .skipped)], list).objections.count == 1)
        #expect(report([fine, gap, odd, result("new", .notImplemented)], list).objections.count == 1)
        #expect(report([fine, gap, odd, result("bad", .failed)], list).isGood == false)
    }

    @Test("an allowlist cannot allow a failure", arguments: ["FAILED", "INTERRUPTED", "PASSED", "FINE"])
    func noFailures(_ outcome: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "allow-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"[{"module": "m", "result": "\#(outcome)", "reason": "r"}]"#.utf8).write(to: file)
        #expect(throws: InvalidTarget.self) { try AllowList.read(file.path) }
        #expect(throws: InvalidTarget.self) { try AllowList.read(file.path + ".missing") }
    }

    @Test("Martlet's own allowlist can be read")
    func own() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Conformance/martlet/allow.json").standardizedFileURL
        #expect(try AllowList.read(file.path).entries.count == 5)
    }
}
