import Foundation
import TestSupport
import Testing

/// Inspects pages as users see them: on a phone and a desktop, light and dark. With `MARTLET_SCREENSHOTS=FOLDER`, it
/// keeps a screenshot of each.
struct PageInspection {
    let browser: Chromium
    let language: String
    private let axe: String
    private let findings: String
    private let album: URL?

    /// Throws if axe-core is missing, because a test that can't run has failed.
    init(_ browser: Chromium, language: String) async throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let libraries = tests.appending(path: "../../.build/test-python/lib").standardizedFileURL
        let script = try FileManager.default.contentsOfDirectory(at: libraries, includingPropertiesForKeys: nil)
            .map { $0.appending(path: "site-packages/axe_playwright_python/axe.min.js") }
            .first { FileManager.default.fileExists(atPath: $0.path()) }
        guard let script else { throw Unexpected("no axe-core in \(libraries.path()): run .ci/install test") }
        axe = try String(contentsOf: script, encoding: .utf8)
        findings = try String(contentsOf: tests.appending(path: "Pages/findings.js"), encoding: .utf8)
        album = ProcessInfo.processInfo.environment["MARTLET_SCREENSHOTS"].map { URL(filePath: $0) }
        self.browser = browser
        self.language = language
        try await browser.devTools("Emulation.setScrollbarsHidden", ["hidden": true])
        try await browser.devTools("Network.enable")
        try await browser.devTools("Network.setExtraHTTPHeaders", ["headers": ["Accept-Language": language]])
    }

    private static let views = [("phone", 390), ("desk", 1280)]

    /// Expects the current page to be flawless and in the expected language.
    func look(at name: String) async throws {
        #expect(try await browser.evaluate("document.documentElement.lang") == language, "\(name)")
        // WebDriver runs scripts in the page's own document.
        _ = try await browser.run("\(axe); return ''")
        for isDark in [false, true] {
            try await setColors(dark: isDark)
            for (view, width) in Self.views {
                let picture = "\(name)-\(language)-\(view)-\(isDark ? "dark" : "light")"
                try await setWidth(width)
                let found = try await browser.run(findings)
                #expect(found == "", "\(picture)")
                try await keep(picture)
            }
        }
        try await setWidth(1280)
    }

    func setWidth(_ width: Int) async throws {
        try await browser.devTools(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false])
    }

    private func setColors(dark isDark: Bool) async throws {
        let features = [("prefers-color-scheme", isDark ? "dark" : "light"), ("prefers-reduced-motion", "reduce")]
        try await browser.devTools(
            "Emulation.setEmulatedMedia", ["features": features.map { ["name": $0.0, "value": $0.1] }])
    }

    /// Returns a screenshot of the whole page, as PNG.
    private func keep(_ name: String) async throws {
        guard let album else { return }
        let shot = try await browser.devTools("Page.captureScreenshot", ["captureBeyondViewport": true])
        let picture = try #require((shot["data"] as? String).flatMap { Data(base64Encoded: $0) })
        try FileManager.default.createDirectory(at: album, withIntermediateDirectories: true)
        try picture.write(to: album.appending(path: "\(name).png"))
    }
}
