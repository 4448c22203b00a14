package import FoundationEssentials

/// A credential of a user, without its secret.
package struct EnrolledFactor: Sendable, Hashable {
    package let factor: Factor
    /// `nil` for factors that a user has only one of.
    package var id: String?
    package var name: String?
    package var addedAt: Date?
    package var lastUsedAt: Date?
    /// The number of unused recovery codes.
    package var remaining: Int?
    /// When an access code expires.
    package var expiresAt: Date?
    /// The upstream of a linked account.
    package var upstream: Identifier<Upstream>?
}

/// Removing the passkeys or linked accounts would leave the user no way to sign in.
package struct LastWayIn: Error {}

/// What operators do for a user who lost a second factor. Users are told by email.
extension Administration {
    /// Returns the user's factors: password, passkeys, linked accounts, authenticator apps, recovery codes, access code.
    package func factors(of user: User) async throws -> [EnrolledFactor] {
        var factors = user.passwordHash == nil ? [] : [EnrolledFactor(factor: .password)]
        factors += try await stores.passkeys.passkeys(of: user.id).map {
            EnrolledFactor(
                factor: .passkey, id: $0.id.rawValue, name: $0.name, addedAt: $0.createdAt, lastUsedAt: $0.lastUsedAt)
        }
        factors += try await stores.upstreamLinks.links(of: user.id).map {
            EnrolledFactor(
                factor: .upstream, id: $0.id.rawValue, name: "\($0.upstream): \($0.label)", addedAt: $0.createdAt,
                lastUsedAt: $0.lastUsedAt, upstream: $0.upstream)
        }
        factors += try await stores.totpCredentials.credentials(of: user.id).map {
            EnrolledFactor(
                factor: .totp, id: $0.id.rawValue, name: $0.name, addedAt: $0.createdAt, lastUsedAt: $0.lastUsedAt)
        }
        if let madeAt = try await stores.recoveryCodes.madeAt(of: user.id) {
            let count = try await stores.recoveryCodes.count(of: user.id)
            factors.append(EnrolledFactor(factor: .recoveryCode, addedAt: madeAt, remaining: count))
        }
        if let expiry = try await stores.recoveryCodes.accessCodeExpiry(of: user.id), now() < expiry {
            factors.append(EnrolledFactor(factor: .accessCode, expiresAt: expiry))
        }
        return factors
    }

    /// Removes factors that `factors(of:)` returned, and returns those that were still there. As on the account page,
    /// sessions stay active. Throws `LastWayIn`, and removes nothing, if the user could not sign in afterward.
    package func remove(_ factors: [EnrolledFactor], of user: User) async throws -> [EnrolledFactor] {
        let ways = Set(try await waysIn(user))
        let left = ways.subtracting(factors.compactMap(\.id))
        guard user.passwordHash != nil || left.count == ways.count || !left.isEmpty else { throw LastWayIn() }
        var removed: [EnrolledFactor] = []
        for factor in factors where try await delete(factor, of: user) {
            audit.record(
                factor.upstream.map { .upstreamUnlinked($0) } ?? .factorRemoved(factor.factor), user: user.id, by: actor
            )
            await notices.tell(.factorRemoved(user.id, factor: factor.factor.rawValue))
            removed.append(factor)
        }
        return removed
    }

    /// Returns the identifiers of the passkeys, and of the accounts linked at enabled upstreams.
    private func waysIn(_ user: User) async throws -> [String] {
        let usable = try await upstreams.enabled().map(\.authority)
        let links = try await stores.upstreamLinks.links(of: user.id).filter { usable.contains($0.authority) }
        return try await stores.passkeys.passkeys(of: user.id).map(\.id.rawValue) + links.map(\.id.rawValue)
    }

    private func delete(_ factor: EnrolledFactor, of user: User) async throws -> Bool {
        switch factor.factor {
        case .passkey:
            // Another removal at the same moment can leave it the last one.
            let id = Identifier<Passkey>(rawValue: factor.id ?? "")
            let usable = try await upstreams.enabled().map(\.authority)
            return try await stores.passkeys.remove(id, of: user.id, usable: usable, at: now()) == .removed
        case .totp:
            let own = try await stores.totpCredentials.credentials(of: user.id)
            guard let credential = own.first(where: { $0.id.rawValue == factor.id }) else { return false }
            try await stores.totpCredentials.delete(credential.id)
            return true
        case .recoveryCode: return try await stores.recoveryCodes.replace([], of: user, at: now())
        case .accessCode:
            return try await stores.recoveryCodes.replaceAccessCode(nil, of: user, until: now(), at: now())
        case .upstream:
            let id = Identifier<UpstreamLink>(rawValue: factor.id ?? "")
            let usable = try await upstreams.enabled().map(\.authority)
            return try await stores.upstreamLinks.remove(id, of: user.id, usable: usable, at: now()) == .removed
        case .password, .emailCode: return false
        }
    }

    /// Replaces the user's recovery codes and returns the new ones, to be shown once. Throws if the user is disabled.
    package func renewRecoveryCodes(of user: User) async throws -> [String] {
        let codes = try await recoveryCodes.renew(for: user, at: now())
        audit.record(.recoveryCodesMade(count: codes.count), user: user.id, by: actor)
        await notices.tell(.factorAdded(user.id, factor: Factor.recoveryCode.rawValue))
        return codes
    }

    /// The lifetimes that an access code can have, in seconds.
    package static let accessCodeLifetimes: ClosedRange<TimeInterval> = 60...86_400

    /// Replaces the user's access code and returns the new one, to be shown once. `lifetime` is in seconds. Throws if
    /// the user is disabled.
    package func makeAccessCode(for user: User, lifetime: TimeInterval) async throws -> String {
        let code = try await accessCodes.renew(for: user, until: now().addingTimeInterval(lifetime))
        audit.record(.accessCodeMade(seconds: Int(lifetime)), user: user.id, by: actor)
        await notices.tell(.factorAdded(user.id, factor: Factor.accessCode.rawValue))
        return code
    }
}

extension TOTPCredential {
    /// The start of the last accepted time step; `nil` if no code has been accepted.
    fileprivate var lastUsedAt: Date? {
        lastStep > 0 ? Date(timeIntervalSince1970: TimeInterval(lastStep * period)) : nil
    }
}
