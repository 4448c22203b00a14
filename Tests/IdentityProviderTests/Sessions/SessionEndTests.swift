import Foundation
import HTTPTypes
import InMemoryLogging
import JOSE
import Logging
import TestSupport
import Testing

@testable import IdentityProvider

/// A way for a user, an operator or time to end sessions.
private enum WayOut: CaseIterable {
    case page, accountPage, firstPartyAPI, otherDevice, everywhere, report, newPassword, resetPassword, recovery
    case idle, otherUser, deletedByUser, removed, pruned, disabled, disabledByFile, passwordByOperator
    case operatorSignOut, upstream
    case compromise

    var reason: SessionEndReason {
        switch self {
        case .page, .accountPage, .firstPartyAPI: .signOut
        case .otherDevice: .remoteSignOut
        case .everywhere: .signOutEverywhere
        case .report: .notMe
        case .newPassword, .passwordByOperator: .passwordChanged
        case .resetPassword: .passwordReset
        case .recovery: .recovery
        case .idle: .idle
        case .otherUser: .replaced
        case .deletedByUser, .removed, .pruned: .accountDeleted
        case .disabled, .disabledByFile: .accountDisabled
        case .operatorSignOut: .administrator
        case .upstream: .upstream
        case .compromise: .compromise
        }
    }
}

/// Alice's sessions at one issuer, and the logged reason for their end.
private struct Scene {
    let issuer: TestIssuer
    let mailbox = TestMailbox()
    let browser: Browser
    let reason: SessionEndReason

    init(_ reason: SessionEndReason) async throws {
        issuer = try await TestIssuer(resources: FrontEnd.resources, mailbox: mailbox) {
            $0.lifetimes.sessionIdle = reason == .idle ? 600 : nil
        }
        browser = Browser(issuer)
        self.reason = reason
    }

    func alice() async throws -> User {
        try #require(try await issuer.stores.users.find(named: "alice"))
    }

    /// Starts a session for alice in another browser.
    @discardableResult
    func beginElsewhere(from upstream: UpstreamSession? = nil) async throws -> Session {
        try await issuer.startSession(of: alice(), from: upstream)
    }

    /// Signs alice in with this browser. Returns the page at `path`.
    func signIn(to path: String = "/account") async throws -> Page {
        let page = try await browser.get(path).page()
        return try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
            .page()
    }

    /// Opens the last email of the given kind.
    func open(_ kind: String) async throws -> Page {
        try await issuer.deliver()
        return try await browser.open(#require(mailbox.all.last { $0.kind == kind }), at: issuer).page()
    }

    /// Opens the email about a sign-in on an unknown device.
    func openReport() async throws -> Page {
        try await issuer.provider.mail.add(
            .unknownDevice(alice().id, device: "Firefox on Linux", address: "192.0.2.1"))
        return try await open("unknown_device")
    }

    /// Expects that `work` ends sessions, that `SessionEnd` logs each of them, and no other, exactly once, that a
    /// notice waits for every client that got a token in them, and that what was granted in them is revoked, offline
    /// access as the reason demands.
    func expectEnd(_ work: () async throws -> Void) async throws {
        let user = try await alice().id
        let sessions = {
            try await issuer.stores.sessions.sessions(of: user, at: issuer.clock.now).map(\.id.rawValue)
        }
        var granted: [(session: String, bound: Identifier<Authorization>, offline: Identifier<Authorization>)] = []
        let clients = ["web", "spa"].map { Identifier<Client>(rawValue: $0) }
        for session in try await issuer.stores.sessions.sessions(of: user, at: issuer.clock.now) {
            for client in clients {
                let (bound, offline) = (
                    try await issuer.join(session, client),
                    try await issuer.join(session, client, scope: ["offline_access"])
                )
                granted.append((session.id.rawValue, bound, offline))
            }
        }
        let before = Set(try await sessions())
        let log = InMemoryLogHandler()
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .debug
        try await withLogger(logger) { _ in try await work() }
        let ended = before.subtracting(try await sessions())
        #expect(!ended.isEmpty)
        let told = log.entries.filter { $0.message == "session ended" }.map(\.metadata)
        #expect(told.map { "\($0["session"] ?? "")" }.sorted() == ended.sorted())
        #expect(told.allSatisfy { $0["reason"] == "\(reason)" && $0["user"] == "\(user)" }, "\(told)")
        let recorded = try await issuer.recorded().filter {
            $0.event == "session_ended" && ended.contains($0.session ?? "")
        }
        #expect(recorded.compactMap(\.session).sorted() == ended.sorted())
        #expect(recorded.allSatisfy { $0.details["reason"]?.string == reason.rawValue && $0.user == user.rawValue })
        for session in ended {
            let notices = try await issuer.stores.logoutNotices.notices(of: Identifier(rawValue: session))
            #expect(notices.map(\.client).sorted { $0.rawValue > $1.rawValue } == clients)
            #expect(notices.allSatisfy { $0.user == user })
        }
        #expect(try await issuer.stores.logoutNotices.depth(at: issuer.clock.now) == ended.count * clients.count)
        for (session, bound, offline) in granted where ended.contains(session) {
            #expect(try await isRevoked(bound))
            #expect(try await isRevoked(offline) == reason.endsOfflineAccess)
        }
    }

    private func isRevoked(_ id: Identifier<Authorization>) async throws -> Bool {
        guard let found = try await issuer.stores.authorizations.find(id) else { return true }
        return found.revokedAt != nil
    }
}

@Suite("Every session ends through SessionEnd, with a reason")
struct SessionEndTests {
    @Test("every way to end a session logs its reason", arguments: WayOut.allCases)
    fileprivate func each(_ way: WayOut) async throws {
        let scene = try await Scene(way.reason)
        try await scene.beginElsewhere()
        try await take(way, scene)
    }

    private func take(_ way: WayOut, _ scene: Scene) async throws {
        let (issuer, browser) = (scene.issuer, scene.browser)
        let administration = issuer.administration
        switch way {
        case .page:
            _ = try await scene.signIn()
            let page = try await browser.get("/logout").page()
            try await scene.expectEnd { _ = try await browser.submit(page, [("decision", "sign-out")]) }
        case .accountPage:
            let form = [("form_token", try await scene.signIn().text("form_token")), ("here", "yes")]
            try await scene.expectEnd {
                _ = try await browser.request(.post, "/account/sessions", form: form)
            }
        case .firstPartyAPI:
            let front = FrontEnd(issuer)
            let token = try #require(try await front.login()["refresh_token"]?.string)
            try await scene.expectEnd {
                _ = try await front.post("logout", #""refresh_token":"\#(token)""#)
            }
        case .otherDevice:
            let other = try await scene.beginElsewhere()
            let form = [
                ("form_token", try await scene.signIn().text("form_token")), ("end", other.id.rawValue),
            ]
            try await scene.expectEnd {
                _ = try await browser.request(.post, "/account/sessions", form: form)
            }
        case .everywhere:
            let form = [
                ("form_token", try await scene.signIn().text("form_token")), ("everywhere", "yes"),
            ]
            try await scene.expectEnd {
                _ = try await browser.request(.post, "/account/sessions", form: form)
            }
        case .report:
            let page = try await scene.openReport()
            try await scene.expectEnd { _ = try await browser.submit(page, []) }
        case .newPassword:
            let page = try await scene.signIn(to: "/account/password")
            try await scene.expectEnd {
                _ = try await browser.submit(page, [("password", "a much better one")])
            }
        case .resetPassword:
            try await issuer.provider.mail.add(.passwordReset(name: "alice"))
            let page = try await scene.open("password_reset")
            try await scene.expectEnd {
                _ = try await browser.submit(page, [("password", "a much better one")])
            }
        case .recovery:
            try await issuer.enroll("alice")
            _ = try await browser.submit(scene.openReport(), [])
            issuer.clock.advance(by: 3 * 86_400)
            let page = try await scene.open("recovery_ready")
            try await scene.beginElsewhere()
            try await scene.expectEnd { _ = try await browser.submit(page, []) }
        case .idle:
            _ = try await scene.signIn()
            issuer.clock.advance(by: 600)
            try await scene.expectEnd { _ = try await browser.get("/account") }
        case .otherUser:
            _ = try await scene.signIn()
            // Without this, the existing session would satisfy `prompt=login`.
            issuer.clock.advance(by: 60)
            let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")]))
                .page()
            let asked = try await browser.submit(
                page, [("username", "bob"), ("password", "battery staple")]
            ).page()
            try await scene.expectEnd { _ = try await browser.submit(asked, [("code", issuer.code())]) }
        case .deletedByUser:
            let page = try await scene.signIn(to: "/account/delete")
            try await scene.expectEnd { _ = try await browser.submit(page, [("username", "alice")]) }
        case .removed:
            let alice = try await scene.alice()
            try await scene.expectEnd { try await administration.remove(alice) }
        case .pruned:
            try await scene.expectEnd {
                _ = try await administration.apply(ResourceSet([:]), prunes: true)
            }
        case .disabled:
            let alice = try await scene.alice()
            try await scene.expectEnd { try await administration.setDisabled(true, alice) }
        case .disabledByFile:
            let resources = try ResourceSet(["users": [["username": "alice", "disabled": true]]])
            try await scene.expectEnd { _ = try await administration.apply(resources) }
        case .passwordByOperator:
            let alice = try await scene.alice()
            try await scene.expectEnd {
                try await administration.setPassword("a much better one", of: alice)
            }
        case .operatorSignOut:
            let alice = try await scene.alice()
            try await scene.expectEnd { try await administration.endSessions(of: alice) }
        case .upstream:
            let alice = try await scene.alice()
            let upstream = try Upstream(["id": "up", "issuer": "https://up.example", "client_id": "martlet"])
            let basis = UpstreamSession(upstream: upstream.id, subject: "u-1", session: "s-1")
            for _ in 0..<2 { try await scene.beginElsewhere(from: basis) }
            try await scene.expectEnd {
                let ended = try await EndedUpstreamSessions(issuer.core).end(
                    at: upstream, subject: nil, session: "s-1")
                #expect(ended.map(\.user) == [alice.id, alice.id])
            }
        case .compromise:
            let keys = try MasterKeys(parsing: MasterKeys.generate() + TestIssuer.masterKey)
            let replacement = KeyReplacement(issuer.vault, stores: issuer.stores, audit: issuer.audit)
            try await scene.expectEnd { try await replacement.replaceEverything(under: keys) }
        }
    }

    @Test("every reason is covered")
    func reasons() {
        #expect(Set(WayOut.allCases.map(\.reason)) == Set(SessionEndReason.allCases))
    }

    @Test("nothing else calls the store methods that end sessions")
    func onlyCaller() throws {
        let calls =
            /\.endAll\(of: [^,]+, at:|\.end\([^,()]+, at:|\.revoke\((session: |user: )[^,]+, at:|sessions\.endAll\(byDeleting:|\.endEverything\(replacing: [^,]+, at:|sessions\.start\(session/
        let root = URL(filePath: #filePath).appending(path: "../../../../Sources").standardizedFileURL
        var callers: Set<String> = []
        for folder in ["IdentityProvider", "Server", "martlet"] {
            let files = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
                if try String(contentsOf: file, encoding: .utf8).contains(calls) {
                    callers.insert(file.lastPathComponent)
                }
            }
        }
        // The other two wrap a store and forward to it.
        #expect(callers == ["SessionEnd.swift", "IdleSessions.swift", "MutatedStores.swift"])
    }
}
