import FoundationEssentials
import Logging

/// Tells people by mail what happened to their account. Where no mail is sent it says nothing. What is done is done: that
/// the outbox cannot be written undoes nothing.
struct AccountNotices: Sendable {
    /// `nil` where no mail is sent.
    let queue: MailQueue?

    init(_ core: Core) { queue = core.sendsMail ? MailQueue(core) : nil }

    /// An unusual sign-in. `place` is its address in words.
    func signedIn(_ user: User, isNewDevice: Bool, at place: String, _ request: Request) async {
        let device = BrowserName(userAgent: request.userAgent).text
        await tell(
            isNewDevice
                ? .unknownDevice(user.id, device: device, address: place)
                : .unusualSignIn(user.id, device: device, address: place, isRefused: false), request)
    }

    /// One that was so unusual that it was refused.
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
            Logger.current.error("a notice was not queued", metadata: ["cause": "\(error)"])
        }
    }
}
