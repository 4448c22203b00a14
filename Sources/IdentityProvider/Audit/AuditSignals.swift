import FoundationEssentials
import JOSE

extension AuditEntry {
    /// The security event for receivers of shared signals; `nil` if the record causes none. Its identifier derives from
    /// the record's place in its chain.
    func signal(from issuer: String) -> SecuritySignal? {
        guard record.outcome == .success, let user = record.user,
            let (type, content) = AuditEvent.Name(rawValue: record.event).flatMap(content)
        else { return nil }
        let account: JSONObject = ["format": "iss_sub", "iss": .string(issuer), "sub": .string(user)]
        var subject = account
        if type == .sessionRevoked, let session = record.session {
            // OpenID CAEP §3.1: only this session of the user ended.
            subject = [
                "format": "complex", "session": ["format": "opaque", "id": .string(session)], "user": .object(account),
            ]
        }
        var event = content
        event["event_timestamp"] = .integer(Int(record.time.timeIntervalSince1970))
        if type == .sessionRevoked || type == .credentialChange {
            event["initiating_entity"] = .string(initiatingEntity)
        }
        return SecuritySignal(
            id: "\(node).\(sequence)", type, about: subject, user: Identifier(rawValue: user), event,
            transaction: record.trace, at: record.time)
    }

    private func content(of event: AuditEvent.Name) -> (EventType, JSONObject)? {
        switch event {
        case .sessionEnded:
            let reason = record.details["reason"].map { ["reason_admin": ["en": $0]] as JSONObject }
            return (.sessionRevoked, reason ?? [:])
        case .factorEnrolled: return credentialChange("create")
        case .factorRemoved: return credentialChange("delete")
        case .passwordChanged, .passwordReset: return credentialChange("update")
        case .passwordWithdrawn: return credentialChange("revoke")
        case .accountDisabled: return (.accountDisabled, [:])
        case .accountEnabled: return (.accountEnabled, [:])
        case .accountDeleted: return (.accountPurged, [:])
        default: return nil
        }
    }

    /// OpenID CAEP §3.3. Codes that replace a factor once are no credentials.
    private func credentialChange(_ change: String) -> (EventType, JSONObject)? {
        let type: JSON
        switch record.factor.flatMap(Factor.init) {
        case .password: type = "password"
        // The log doesn't say where the passkey lives. Most are in the user's phone or computer.
        case .passkey: type = "fido2-platform"
        case .totp: type = "app"
        case .upstream, .emailCode, .recoveryCode, .accessCode, nil: return nil
        }
        return (.credentialChange, ["credential_type": type, "change_type": .string(change)])
    }

    /// OpenID CAEP §2.
    private var initiatingEntity: String {
        switch record.actor.prefix(while: { $0 != " " }) {
        case "system": "policy"
        case "command", "client": "admin"
        default: record.actor == "user \(record.user ?? "")" || record.actor == "visitor" ? "user" : "admin"
        }
    }
}
