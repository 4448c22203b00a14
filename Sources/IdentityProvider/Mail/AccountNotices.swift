import FoundationEssentials
import Logging

/// Notifies users by email of what happened to their account. Does nothing if no email is sent. A failure to queue a
/// notice does not undo what it reports.
struct AccountNotices: Sendable {
    /// `nil` if no email is sent.
    let queue: MailQueue?

    init(_ core: Core) { queue = core.sendsMail ? MailQueue(core) : nil }

    /// Reports an unusual sign-in. `place` describes its address.
    func signedIn(_ user: User, isNewDevice: Bool, at place: String, _ request: Request) async {
        let device = BrowserName(userAgent: request.userAgent).text
        await tell(
            isNewDevice
                ? .unknownDevice(user.id, device: device, address: place)
                : .unusualSignIn(user.id, device: device, address: place, isRefused: false), request)
    }

    /// Reports a sign-in that was refused because it was too unusual.
    func signInRefused(_ user: User, at place: String, _ request: Request) async {
        await tell(
            .unusualSignIn(
                user.id, device: BrowserName(userAgent: request.userAgent).text, address: place, isRefused: true),
            request)
    }

    func added(_ factor: Factor, by user: Identifier<User>, _ request: Request) async {
        await tell(.factorAdded(user, factor: factor.rawValue), request)
    }

    func removed(_ factor: Factor, by user: Identifier<User>, _ request: Request) async {
        await tell(.factorRemoved(user, factor: factor.rawValue), request)
    }

    func passwordChanged(by user: Identifier<User>, _ request: Request) async {
        await tell(.passwordChanged(user), request)
    }

    func tell(_ occasion: Mail.Occasion, _ request: Request? = nil) async {
        do { try await queue?.add(occasion, after: request) } catch {
            Logger.current.error("account notice could not be queued", metadata: ["cause": "\(error)"])
        }
    }
}
