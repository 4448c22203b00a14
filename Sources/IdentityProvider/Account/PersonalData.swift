import FoundationEssentials
import JOSE

/// Everything stored about a user, without secrets (GDPR Articles 15 and 20). Attributes that users don't see on their
/// pages, and values that no declaration fits, concern them as well.
struct PersonalData: Sendable {
    private let totp: any TOTPCredentialStore
    private let passkeys: any PasskeyStore
    private let upstreamLinks: any UpstreamLinkStore
    private let sessions: any SessionStore
    private let devices: any DeviceStore
    private let consents: any ConsentStore
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        totp = core.stores.totpCredentials
        passkeys = core.stores.passkeys
        upstreamLinks = core.stores.upstreamLinks
        sessions = core.stores.sessions
        devices = core.stores.devices
        consents = core.stores.consents
        now = core.now
    }

    func document(of user: User) async throws -> JSONObject {
        var document = user.personalData
        document["authenticator_apps"] = .array(try await totp.credentials(of: user.id).map(\.personalData))
        document["passkeys"] = .array(try await passkeys.passkeys(of: user.id).map(\.personalData))
        document["linked_accounts"] = .array(try await upstreamLinks.links(of: user.id).map(\.personalData))
        document["sessions"] = .array(try await sessions.sessions(of: user.id, at: now()).map(\.personalData))
        document["devices"] = .array(try await devices.devices(of: user.id, at: now()).map(\.personalData))
        document["networks"] = .array(try await devices.networks(of: user.id, at: now()).map(\.personalData))
        document["consents"] = .array(try await consents.consents(of: user.id).map(\.personalData))
        return document
    }
}

extension User {
    fileprivate var personalData: JSONObject {
        var document: JSONObject = ["sub": .string(id.rawValue), "username": .string(username)]
        document["email"] = email.map(JSON.string)
        document["email_verified"] = .bool(isEmailVerified)
        document["claims"] = .object(claims)
        document["attributes"] = .object(attributes)
        document["roles"] = .array(roles.map(JSON.string))
        document["created_at"] = .time(createdAt)
        document["updated_at"] = .time(updatedAt)
        return document
    }
}

extension TOTPCredential {
    fileprivate var personalData: JSON { ["name": .string(name), "created_at": .time(createdAt)] }
}

extension Passkey {
    fileprivate var personalData: JSON { ["name": .string(name), "created_at": .time(createdAt)] }
}

extension UpstreamLink {
    fileprivate var personalData: JSON {
        var data: JSONObject = [
            "upstream": .string(upstream.rawValue), "sub": .string(subject), "name": .string(label),
            "created_at": .time(createdAt),
        ]
        data["last_used_at"] = lastUsedAt.map(JSON.time)
        return .object(data)
    }
}

extension Session {
    fileprivate var personalData: JSON {
        [
            "authenticated_at": .time(authenticatedAt), "user_agent": .string(userAgent), "address": .string(address),
        ]
    }
}

extension Device {
    fileprivate var personalData: JSON {
        [
            "first_used_at": .time(createdAt), "last_used_at": .time(lastUsedAt), "user_agent": .string(userAgent),
            "address": .string(address),
        ]
    }
}

extension KnownNetwork {
    fileprivate var personalData: JSON {
        [
            "network": .string(network), "address": .string(address), "first_seen_at": .time(firstSeenAt),
            "last_seen_at": .time(lastSeenAt),
        ]
    }
}

extension Consent {
    fileprivate var personalData: JSON {
        [
            "client_id": .string(client.rawValue), "scope": .string(scope.text), "granted_at": .time(grantedAt),
        ]
    }
}

extension JSON {
    fileprivate static func time(_ moment: Date) -> JSON { .string(moment.formatted(.iso8601)) }
}
