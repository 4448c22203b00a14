import Foundation
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider
@testable import SQLStorage

@Suite("Renames in the code never invalidate stored or sealed values")
struct StoredNamesTests {
    @Test("every stored or sealed type keeps its JSON names", arguments: StoredForm.all)
    func forms(_ stored: StoredForm) throws {
        for form in stored.forms {
            let value = try stored.value(form)
            let written = try JSONEncoder().encode(value)
            #expect(try canonical(written) == canonical(Data(form.utf8)))
            // A property with a default value can be missing from CodingKeys, which would silently lose its value.
            let properties = Mirror(reflecting: value)
            if properties.displayStyle == .struct, let object = try? JSONObject(parsing: Array(written)) {
                #expect(Array(object.names).count == properties.children.count)
            }
        }
    }

    private func canonical(_ json: Data) throws -> String {
        let value = try JSONSerialization.jsonObject(with: json, options: .fragmentsAllowed)
        let bytes = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("the list covers every Codable type")
    func complete() throws {
        let declaration = /(?:struct|enum|extension) (\w+)(?:<[^>]*>)?:[^{]*\b(?:Codable|Encodable|Decodable)\b/
        let root = URL(filePath: #filePath).appending(path: "../../../Sources").standardizedFileURL
        var declared: [String] = []
        for folder in ["IdentityProvider", "SQLStorage", "Authenticators", "JOSE"] {
            let files = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                declared += text.matches(of: declaration).map { String($0.output.1) }
            }
        }
        let listed = StoredForm.all.map { String($0.type.prefix { $0 != "<" }) }
        #expect(declared.sorted() == listed.sorted())
    }

    @Test("sealed values and documents hold this JSON, with dates as seconds since 2001")
    func encodings() async throws {
        let form = #"{"browser":"b","origin":"o","startedAt":801000000.25,"uri":"u"}"#
        let value = try JSONDecoder().decode(ForwardSignIn.self, from: Data(form.utf8))
        let sealer = Sealer(try await TestIssuer(resources: "{}").vault)
        let sealed = try sealer.seal(value, for: .forwardSignIn)
        let opened = try sealer.open(Base64URL.decode(sealed), for: .forwardSignIn)
        #expect(try canonical(Data(opened)) == form)
        guard case .text(let document) = try SQLValue.document(value) else {
            throw Unexpected("the document is not stored as text")
        }
        #expect(try canonical(Data(document.utf8)) == form)
    }

    @Test("labels that go into keys and digests keep their names")
    func labels() {
        let purposes: [SealedPurpose] = [
            .interaction, .authorizationCode, .refreshToken, .accessToken, .passkeyCeremony, .signOut, .emailCode,
            .totpOffer, .firstPartyTicket, .forwardSignIn, .forwardTicket, .forwardPass, .privateKey, .clientSecret,
            .mail, .oneTimePasswordSecret, .upstreamSignOut, .upstreamAttempt, .upstreamResponse, .upstreamIDToken,
            .upstreamSecret,
            .upstreamTokens, .upstreamLinkOffer, .dpopNonce, .pushedRequest, .streamAuthorization, .securityEvent,
            .deviceRequest, .deviceAnswer, .deviceApproval,
        ]
        #expect(
            purposes.map(\.name) == [
                "interaction", "authorization code", "refresh token", "access token", "passkey ceremony", "sign-out",
                "e-mail code", "authenticator app offered", "first-party ticket", "forward sign-in", "forward ticket",
                "forward pass", "private key", "client secret", "mail", "one-time password secret",
                "upstream sign-out", "upstream attempt", "upstream response", "upstream ID token", "upstream secret",
                "upstream tokens",
                "upstream link offer", "DPoP nonce", "pushed request", "event stream authorization", "security event",
                "device request", "device answer", "device approval",
            ])
        #expect(
            MailLinkPurpose.all.map(\.sealed.name) == [
                "link /sign-up/finish", "link /invitation", "link /reset-password", "link /verify-email",
                "link /change-email/agree", "link /change-email/finish", "link /not-me", "link /recovery/cancel",
                "link /recovery/finish", "link /unlock",
            ])
        let digested: [any Digested.Type] = [
            AttemptCounter.self, AttemptSpread.self, Client.self, ClientAttempts.self, Device.self,
            HashedClientSecret.self, GuessLimiter.self, MailShare.self, PushedRequest.self, RecoveryCode.self,
            Session.self,
            SignInProgress.self, TOTPCredential.self, DeviceRequest.self, UserCode.self, UserCodeGuesses.self,
        ]
        #expect(
            digested.map { $0.digestLabel } == [
                "AttemptCounter", "AttemptSpread", "Client", "ClientAttempts", "Device", "Client SHA-256",
                "GuessLimiter", "MailShare", "PushedRequest", "RecoveryCode", "Session", "SignInProgress",
                "TOTPCredential", "DeviceCode", "UserCode", "UserCodeGuesses",
            ])
        #expect(DataKeyClass.allCases.map(\.rawValue) == ["transit", "rest", "digest", "form", "cookie", "audit"])
    }

    @Test("enum values stored in columns keep their names")
    func words() {
        let spent: [SingleUsePurpose] = [
            .clientAssertion, .accessToken, .passkeyChallenge, .mailLink, .mail, .emailCode, .forwardTicket,
            .signInTicket, .failedAttempt, .successfulAttempt, .upstreamState, .logoutToken, .upstreamSession,
            .dpopProof, .deviceApproval,
        ]
        #expect(
            spent.map(\.rawValue) == [
                "client assertion", "access token", "passkey challenge", "mail link", "mail", "e-mail code",
                "forward ticket", "sign-in ticket", "failed attempt", "successful attempt",
                "upstream state", "logout token", "upstream session", "DPoP proof", "device approval",
            ])
        #expect(AuditOutcome.allCases.map(\.rawValue) == ["success", "refused", "alarm"])
        #expect(AccountOrigin.allCases.map(\.rawValue) == ["sign_up", "invitation", "administration", "upstream"])
        #expect(AuditExport.allCases.map(\.rawValue) == ["everything", "audit_records", "personal_data"])
        #expect(
            SignInRefusal.allCases.map(\.rawValue) == [
                "unknown_user", "wrong_credential", "disabled", "locked", "throttled", "suspicious", "unlinked",
                "overtaken",
            ])
    }
}
