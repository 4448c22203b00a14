/// A table that is exported and imported.
struct TransferTable: Sendable {
    let name: String
    let columns: [String]
    let select: SQLStatement
    private let into: SQLStatement
    private let names: [SQLStatement]
    /// Selects one row, if the table has any.
    let any: SQLStatement

    private init(_ name: SQLStatement, _ columns: [SQLStatement], orderedBy key: SQLStatement) {
        self.name = name.text
        self.columns = columns.map(\.text)
        let list = columns.joined()
        names = columns
        into = name
        select = "SELECT \(list) FROM \(name) ORDER BY \(key)"
        any = "SELECT 1 FROM \(name) LIMIT 1"
    }

    /// Inserts a row of the first `count` columns. The remaining columns were added after the export, and take their
    /// defaults.
    func insert(count: Int) -> SQLStatement {
        let places = (0..<count).map { _ in "?" as SQLStatement }.joined()
        return "INSERT INTO \(into) (\(Array(names.prefix(count)).joined())) VALUES (\(places))"
    }
}

extension TransferTable {
    /// Every stored table, with referenced tables before those that refer to them. A test compares this list with the
    /// schema, so that no table is forgotten. Add new columns at the end: rows of an older export have fewer values.
    static let all = [
        TransferTable("changes", ["issuer", "version"], orderedBy: "issuer"),
        TransferTable(
            "clients", ["issuer", "id", "metadata", "secret_digest", "sealed_secret"], orderedBy: "issuer, id"),
        TransferTable(
            "resource_servers", ["issuer", "identifier", "document"], orderedBy: "issuer, identifier"),
        TransferTable("roles", ["issuer", "name", "document"], orderedBy: "issuer, name"),
        TransferTable("user_groups", ["issuer", "name", "document"], orderedBy: "issuer, name"),
        TransferTable("attributes", ["issuer", "name", "document"], orderedBy: "issuer, name"),
        TransferTable("upstreams", ["issuer", "id", "document", "sealed_secret"], orderedBy: "issuer, id"),
        TransferTable(
            "users",
            [
                "issuer", "id", "username", "username_key", "email", "is_email_verified", "password_hash", "claims",
                "roles", "is_disabled", "created_at", "updated_at", "group_names", "session_generation", "relied_on",
                "password_mailed_at", "attributes",
            ], orderedBy: "issuer, id"),
        TransferTable("user_names", ["issuer", "name_key", "user_id"], orderedBy: "issuer, name_key"),
        TransferTable(
            "totp_credentials",
            [
                "issuer", "id", "user_id", "name", "sealed_secret", "algorithm", "digits", "period", "last_step",
                "created_at",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "passkeys",
            [
                "issuer", "id", "user_id", "name", "credential_id", "public_key", "sign_count", "aaguid", "transports",
                "is_backup_eligible", "is_backed_up", "is_uv_initialized", "created_at", "last_used_at",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "sessions",
            [
                "issuer", "id", "secret_digest", "user_id", "authenticated_at", "amr", "acr", "expires_at",
                "authorizations", "device_id", "user_agent", "address", "trusts_device", "last_used_at",
                "upstream_id", "upstream_subject", "upstream_session", "sealed_id_token",
                "proves_time",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "upstream_links",
            [
                "issuer", "id", "upstream_id", "subject", "user_id", "label", "sealed_tokens", "created_at",
                "last_used_at", "authority",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "devices",
            [
                "issuer", "id", "secret_digest", "user_id", "user_agent", "address", "created_at", "last_used_at",
                "trusted_until", "expires_at",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "networks", ["issuer", "user_id", "network", "address", "first_seen_at", "last_seen_at", "expires_at"],
            orderedBy: "issuer, user_id, network"),
        TransferTable(
            "recovery_codes", ["issuer", "user_id", "digest", "created_at", "expires_at"],
            orderedBy: "issuer, user_id, digest"),
        TransferTable(
            "account_recoveries",
            ["issuer", "user_id", "id", "disputed_from", "started_at", "ready_at", "expires_at"],
            orderedBy: "issuer, user_id"),
        TransferTable(
            "attempts", ["issuer", "name", "failures", "last_failed_at", "expires_at"], orderedBy: "issuer, name"),
        TransferTable(
            "consents", ["issuer", "user_id", "client_id", "scope", "granted_at"],
            orderedBy: "issuer, user_id, client_id"),
        TransferTable(
            "authorizations",
            [
                "issuer", "id", "client_id", "user_id", "session_id", "is_offline", "granted", "generation",
                "rotated_at", "revoked_at", "expires_at",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "pushed_requests", ["issuer", "id", "sealed_request", "expires_at"], orderedBy: "issuer, id"),
        TransferTable(
            "device_authorizations",
            [
                "issuer", "id", "user_code", "sealed_request", "sealed_answer", "polling_interval", "polled_at",
                "expires_at",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "session_clients",
            ["issuer", "session_id", "client_id", "is_notified", "is_notified_of_expiry", "expires_at"],
            orderedBy: "issuer, session_id, client_id"),
        TransferTable(
            "logout_notices",
            ["issuer", "id", "client_id", "session_id", "user_id", "attempts", "due_at", "expires_at"],
            orderedBy: "issuer, id"),
        TransferTable(
            "event_streams", ["issuer", "id", "client_id", "document", "sealed_secret"], orderedBy: "issuer, id"),
        TransferTable(
            "event_subjects", ["issuer", "stream_id", "user_id", "is_included"],
            orderedBy: "issuer, stream_id, user_id"),
        TransferTable(
            "security_events",
            ["issuer", "id", "stream_id", "sealed_event", "attempts", "due_at", "expires_at"],
            orderedBy: "issuer, id"),
        TransferTable(
            "signing_keys",
            [
                "issuer", "id", "algorithm", "number", "sealed_private_key", "created_at", "signs_from", "signs_until",
                "published_until",
            ], orderedBy: "issuer, id"),
        TransferTable(
            "data_keys", ["issuer", "class", "number", "id", "used_from", "wrapped", "master_key"],
            orderedBy: "issuer, class, number"),
        TransferTable(
            "spent", ["issuer", "purpose", "value", "expires_at"], orderedBy: "issuer, purpose, value"),
        TransferTable(
            "mail_outbox", ["issuer", "id", "sealed_mail", "attempts", "due_at", "created_at", "expires_at"],
            orderedBy: "issuer, id"),
        TransferTable(
            "webhook_deliveries", ["issuer", "id", "url", "body", "attempts", "due_at", "expires_at"],
            orderedBy: "issuer, id"),
        TransferTable(
            "audit_chains",
            [
                "issuer", "node", "last_sequence", "last_at", "last_mac", "seal", "removed_through", "removed_mac",
                "removal_seal", "removed_time",
            ], orderedBy: "issuer, node"),
        TransferTable(
            "audit_records",
            [
                "issuer", "node", "sequence", "recorded_at", "event", "user_id", "client_id", "trace_id", "document",
                "mac",
            ], orderedBy: "issuer, node, sequence"),
    ]
}
