import Foundation
import TestSupport
import Testing

@Suite("The page script in a real browser", .serialized, .timeLimit(.minutes(5)))
struct PageScriptInBrowserTests {
    private static let reveal = "document.querySelector('.reveal button')"

    @Test("a password can be shown, and is hidden again before it is sent")
    func reveal() async throws {
        let walk = try await PageWalk("en")
        try await walk.authorize("shop")
        try await walk.browser.wait(for: "\(Self.reveal)?.hidden === false")
        let state = "(document.querySelector('#password').type + \(Self.reveal).ariaPressed)"
        #expect(try await walk.browser.evaluate(state) == "passwordfalse")
        try await walk.fill("#username", "alice")
        try await walk.fill("#password", PageWalk.password)
        try await walk.browser.click(".reveal button")
        #expect(try await walk.browser.evaluate(state) == "texttrue")
        try await walk.browser.click(".reveal button")
        #expect(try await walk.browser.evaluate(state) == "passwordfalse")
        try await walk.browser.click(".reveal button")
        // What a password manager sees when the form is submitted.
        _ = try await walk.browser.run(
            """
            addEventListener("submit", () => { sessionStorage.sent = document.querySelector("#password").type });
            """)
        try await walk.browser.click("button[type=submit]")
        try await walk.browser.wait(for: "location.pathname === '/consent'")
        #expect(try await walk.browser.evaluate("sessionStorage.sent") == "password")
        try await walk.end()
    }

    @Test("without scripts, the sign-in page works and shows no dead button")
    func withoutScript() async throws {
        let walk = try await PageWalk("en")
        try await walk.browser.devTools("Emulation.setScriptExecutionDisabled", ["value": true])
        try await walk.authorize("shop")
        try await walk.signIn("alice", PageWalk.password)
        try await walk.browser.wait(for: "location.pathname === '/consent'")
        try await walk.authorize("shop", "&prompt=login")
        #expect(try await walk.browser.evaluate("\(Self.reveal).hidden") == "true")
        try await walk.end()
    }

    @Test("recovery codes can be copied and saved as a file, and nothing is sent")
    func recoveryCodes() async throws {
        let walk = try await PageWalk("de")
        try await walk.open("/account/recovery-codes")
        try await walk.signIn("alice", PageWalk.password)
        try await walk.browser.wait(for: "location.pathname === '/account/recovery-codes'")
        try await walk.browser.click("button.primary")
        try await walk.browser.wait(for: "document.querySelector('[data-keep]')?.hidden === false")
        let codes = try await walk.browser.evaluate(
            "[...document.querySelectorAll('.codes code')].map((code) => code.innerText).join('\\n')")
        #expect(codes.split(separator: "\n").count == 10)
        let text = "Wiederherstellungscodes für alice bei Martlet\n\n\(codes)\n"

        for name in ["clipboard-read", "clipboard-write"] {
            try await walk.browser.devTools(
                "Browser.setPermission", ["permission": ["name": name], "setting": "granted"])
        }
        try await walk.browser.click("[data-copy]")
        try await walk.browser.wait(for: "document.querySelector('[role=status]').innerText !== ''")
        #expect(try await walk.browser.run("return navigator.clipboard.readText()") == text)

        try await walk.browser.devTools(
            "Browser.setDownloadBehavior", ["behavior": "allow", "downloadPath": walk.folder.url.path()])
        try await walk.browser.click("[data-download]")
        let file = walk.folder.url.appending(path: "wiederherstellungscodes.txt")
        try await until("the file is there") { FileManager.default.fileExists(atPath: file.path()) }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
        #expect(try await walk.browser.evaluate("performance.getEntriesByType('resource').length") == "0")
        try await walk.end()
    }
}
