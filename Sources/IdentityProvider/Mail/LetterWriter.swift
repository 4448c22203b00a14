import FoundationEssentials
import JOSE
import Logging

/// Turns events into letters: looks up the recipient and creates the link. Without a recipient, there is no letter.
struct LetterWriter: Sendable {
    let users: any UserStore
    let links: MailLinks
    let recoveries: any AccountRecoveryStore
    let allowance: MailAllowance

    init(_ core: Core) {
        users = core.stores.users
        links = MailLinks(core)
        recoveries = core.stores.recoveries
        allowance = MailAllowance(core)
    }

    /// Returns `nil` if the email should not be sent.
    func letter(_ waiting: WaitingMail, _ mail: Mail) async throws -> Letter? {
        guard var letter = try await letter(waiting.id.rawValue, mail) else { return nil }
        if letter.acceptLanguage == nil { letter.acceptLanguage = mail.acceptLanguage }
        // A retry was counted at the first attempt.
        guard mail.occasion.isOnRequest, waiting.attempts == 1 else { return letter }
        guard try await allowance.take(letter.kind, to: letter.recipient) else {
            Logger.current.notice(
                "email not sent: hourly limit for one address reached", metadata: ["kind": "\(letter.kind)"])
            return nil
        }
        return letter
    }

    private func letter(_ id: String, _ mail: Mail) async throws -> Letter? {
        switch mail.occasion {
        case .signUp(let address):
            return try await signUp(id, address)
        case .invitation(let address):
            return try await invitation(id, address)
        case .passwordReset(let name):
            return try await toUser(users.find(named: name), id, "password_reset", link: .passwordReset)
        case .emailVerification(let user):
            return try await toUser(users.find(user), id, "email_verification", link: .emailVerification)
        case .emailChange(let user, let address):
            return try await emailChange(id, user, to: address)
        case .emailChangeAgreed(let user, let address):
            return try await emailChangeAgreed(id, user, to: address)
        case .emailChanged(let user, let former):
            return try await emailChanged(id, user, from: former)
        case .signInCode(let user, let code):
            return try await toUser(users.find(user), id, "code", data: ["code": .text(code)])
        case .unknownDevice(let user, let device, let address):
            return try await signIn(id, user, "unknown_device", device, address, mail)
        case .unusualSignIn(let user, let device, let address, let isRefused):
            return try await signIn(id, user, isRefused ? "refused_sign_in" : "unusual_sign_in", device, address, mail)
        case .passwordChanged(let user):
            return try await notice(id, user, "password_changed", mail)
        case .factorAdded(let user, Factor.accessCode.rawValue):
            // The account page doesn't list it, so its owner gets on by other words.
            return try await notice(id, user, "access_code_made", mail)
        case .factorAdded(let user, let factor):
            return try await notice(id, user, "factor_added", mail, factor: factor)
        case .factorRemoved(let user, let factor):
            return try await notice(id, user, "factor_removed", mail, factor: factor)
        case .lockedOut(let name):
            return try await toUser(users.find(named: name), id, "locked_out", link: .unlock)
        case .secondFactorLocked(let user):
            return try await toUser(users.find(user), id, "locked_out", link: .unlock)
        case .recovery(let user, let recovery, let stage, let readyAt):
            return try await self.recovery(id, user, recovery, stage, readyAt)
        }
    }

    private func signUp(_ id: String, _ address: MailAddress) async throws -> Letter? {
        if let user = try await users.find(named: address.text) { return try taken(id, address, by: user) }
        return Letter(
            id: id, to: address, kind: "sign_up", data: ["link": .text(try links.url(for: .signUp, address: address))])
    }

    private func invitation(_ id: String, _ address: MailAddress) async throws -> Letter? {
        guard try await users.find(named: address.text) == nil else { return nil }
        return Letter(
            id: id, to: address, kind: "invitation",
            data: ["link": .text(try links.url(for: .invitation, address: address))])
    }

    private func recovery(
        _ id: String, _ user: Identifier<User>, _ recovery: Identifier<AccountRecovery>, _ stage: RecoveryNotice,
        _ readyAt: Date
    ) async throws -> Letter? {
        let purpose: MailLinkPurpose =
            switch stage {
            case .started, .reminder: .recoveryCancel
            case .ready: .recoveryFinish
            case .canceled: .notMe
            }
        // No notice about a recovery that was canceled or has finished.
        if stage != .canceled {
            guard try await recoveries.find(user)?.id == recovery else { return nil }
        }
        let details = stage == .canceled ? [] : [("ready", Page.Value.time(readyAt, .moment))]
        return try await toUser(
            users.find(user), id, "recovery_\(stage.rawValue)", link: purpose,
            data: details.isEmpty ? [:] : ["details": Self.list(details)])
    }

    /// Returns a letter about a sign-in or a refused one: where it came from, and a link to use if it was someone else.
    private func signIn(
        _ id: String, _ user: Identifier<User>, _ kind: String, _ device: String, _ address: String, _ mail: Mail
    ) async throws -> Letter? {
        let details: [(String, Page.Value)] = [
            ("device", .text(device)), ("address", .text(address)), ("time", .time(mail.queuedAt, .moment)),
        ]
        return try await toUser(users.find(user), id, kind, link: .notMe, data: ["details": Self.list(details)])
    }

    /// Returns a letter about a change to the account, with a link to use if it was someone else.
    private func notice(
        _ id: String, _ user: Identifier<User>, _ kind: String, _ mail: Mail, factor: String? = nil
    ) async throws -> Letter? {
        var data: [String: Page.Value] = ["details": Self.list([("time", .time(mail.queuedAt, .moment))])]
        if let factor { data["factor"] = .text("text.mail_factor_\(factor)") }
        return try await toUser(users.find(user), id, kind, link: .notMe, data: data)
    }

    private func toUser(
        _ user: User?, _ id: String, _ kind: String, link purpose: MailLinkPurpose? = nil,
        data: [String: Page.Value] = [:]
    ) throws -> Letter? {
        guard let user, !user.isDisabled, let address = user.email.flatMap(MailAddress.init) else { return nil }
        var data = data
        if let purpose { data["link"] = .text(try links.url(for: purpose, user: user, address: address)) }
        return Letter(id: id, to: address, kind: kind, data: data, languages: user.languages)
    }

    /// Returns a letter that tells the owner of an address about their account. The response to the request is the same as
    /// for an unused address, which prevents enumeration.
    private func taken(_ id: String, _ address: MailAddress, by user: User) throws -> Letter? {
        guard user.email.map(User.key) == User.key(of: address.text) else { return nil }
        return try toUser(user, id, "address_taken", link: .passwordReset)
    }

    private func emailChange(_ id: String, _ user: Identifier<User>, to address: MailAddress) async throws -> Letter? {
        guard let user = try await users.find(user) else { return nil }
        // Without a current address, there is no one whose agreement is needed.
        guard user.email != nil else { return try await emailChangeAgreed(id, user.id, to: address) }
        var letter = try toUser(user, id, "email_change", data: ["address": .text(address.text)])
        letter?.data["link"] = .text(try links.url(for: .emailChange, user: user, address: address))
        return letter
    }

    private func emailChangeAgreed(
        _ id: String, _ user: Identifier<User>, to address: MailAddress
    ) async throws -> Letter? {
        guard let user = try await users.findEnabled(user) else { return nil }
        if let other = try await users.find(named: address.text), other.id != user.id {
            return try taken(id, address, by: other)
        }
        return Letter(
            id: id, to: address, kind: "new_email",
            data: [
                "link": .text(try links.url(for: .newEmail, user: user, address: address)),
                "username": .text(user.username),
            ],
            languages: user.languages)
    }

    private func emailChanged(_ id: String, _ user: Identifier<User>, from former: MailAddress) async throws -> Letter?
    {
        guard let user = try await users.find(user), let address = user.email else { return nil }
        return Letter(
            id: id, to: former, kind: "email_changed", data: ["address": .text(address)], languages: user.languages)
    }

    /// Returns labeled rows for the template.
    private static func list(_ rows: [(String, Page.Value)]) -> Page.Value {
        .list(rows.map { ["label": .text("text.mail_detail_\($0.0)"), "value": $0.1] })
    }
}

extension Mail.Occasion {
    /// Whether people other than the recipient can cause the email as often as they like: by requesting it, or by
    /// signing in with a password that they know.
    fileprivate var isOnRequest: Bool {
        switch self {
        case .signUp, .passwordReset, .emailVerification, .emailChange, .emailChangeAgreed, .lockedOut,
            .secondFactorLocked, .unknownDevice, .unusualSignIn:
            true
        case .invitation, .emailChanged, .signInCode, .passwordChanged, .factorAdded, .factorRemoved, .recovery:
            false
        }
    }
}

extension User {
    /// The languages that the user is known to read.
    var languages: [String] { [claims["locale"]?.string].compactMap(\.self) }
}
