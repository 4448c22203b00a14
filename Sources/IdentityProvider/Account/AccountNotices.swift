import FoundationEssentials
import Logging

/// Tells people by mail what happened to their account. Where no mail is sent it says nothing. What is done is done: that
/// the outbox cannot be written undoes nothing.
struct AccountNotices: Sendable {
    /// `nil` where no mail is sent.
    let queue: MailQueue?
    let devices: any DeviceStore
    let now: @Sendable () -> Date

    var isHeard: Bool { queue != nil }

    /// In a browser that is not known, unless it is the account's first.
    func signsIn(_ user: User, on known: Device?, _ request: Request) async throws {
        guard queue != nil, known == nil else { return }
        guard try await !devices.devices(of: user.id, at: now()).isEmpty else { return }
        await tell(
            .unknownDevice(
                user.id, device: BrowserName(userAgent: request.userAgent).text, address: request.remoteAddress),
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
