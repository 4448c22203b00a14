extension Migration {
    // MariaDB commits each schema change by itself, and the nodes of a cluster share no lock, so every statement may
    // run twice. Keys compare byte by byte, without MariaDB's padding of spaces (utf8mb4_nopad_bin). Three columns of
    // 255 characters are the most that an InnoDB index can hold.
    static let mariaDB: [Migration] = [
        Migration(
            version: 1, name: "the provider",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS changes (
                    issuer VARCHAR(255) NOT NULL PRIMARY KEY, version BIGINT NOT NULL) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS clients (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, metadata MEDIUMTEXT NOT NULL,
                    secret_digest VARBINARY(64), sealed_secret BLOB,
                    PRIMARY KEY (issuer, id),
                    CHECK (sealed_secret IS NULL OR secret_digest IS NOT NULL)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS resource_servers (
                    issuer VARCHAR(255) NOT NULL, identifier VARCHAR(255) NOT NULL, document MEDIUMTEXT NOT NULL,
                    PRIMARY KEY (issuer, identifier)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS roles (
                    issuer VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, document MEDIUMTEXT NOT NULL,
                    PRIMARY KEY (issuer, name)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS users (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, username VARCHAR(255) NOT NULL,
                    username_key VARCHAR(255) NOT NULL, email VARCHAR(255),
                    is_email_verified TINYINT NOT NULL CHECK (is_email_verified IN (0, 1)),
                    password_hash VARCHAR(1024), claims MEDIUMTEXT NOT NULL, roles MEDIUMTEXT NOT NULL,
                    is_disabled TINYINT NOT NULL CHECK (is_disabled IN (0, 1)),
                    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    UNIQUE INDEX users_by_username (issuer, username_key)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS user_names (
                    issuer VARCHAR(255) NOT NULL, name_key VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL,
                    PRIMARY KEY (issuer, name_key),
                    INDEX user_names_by_user (issuer, user_id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS totp_credentials (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL,
                    name VARCHAR(255) NOT NULL, sealed_secret BLOB NOT NULL, algorithm VARCHAR(255) NOT NULL,
                    digits BIGINT NOT NULL CHECK (digits BETWEEN 6 AND 8),
                    period BIGINT NOT NULL CHECK (period > 0), last_step BIGINT NOT NULL,
                    created_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    INDEX totp_credentials_by_user (issuer, user_id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS sessions (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, secret_digest VARBINARY(64) NOT NULL,
                    user_id VARCHAR(255) NOT NULL, authenticated_at BIGINT NOT NULL, amr MEDIUMTEXT NOT NULL,
                    acr VARCHAR(255) NOT NULL, expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    UNIQUE INDEX sessions_by_secret (issuer, secret_digest),
                    INDEX sessions_by_user (issuer, user_id),
                    INDEX sessions_by_expiry (issuer, expires_at),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS consents (
                    issuer VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL, client_id VARCHAR(255) NOT NULL,
                    scope MEDIUMTEXT NOT NULL, granted_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, user_id, client_id),
                    INDEX consents_by_client (issuer, client_id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE,
                    FOREIGN KEY (issuer, client_id) REFERENCES clients (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS authorizations (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, client_id VARCHAR(255) NOT NULL,
                    user_id VARCHAR(255), session_id VARCHAR(255),
                    is_offline TINYINT NOT NULL CHECK (is_offline IN (0, 1)), granted MEDIUMTEXT NOT NULL,
                    generation BIGINT NOT NULL CHECK (generation >= 0), rotated_at BIGINT, revoked_at BIGINT,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    INDEX authorizations_by_session (issuer, session_id),
                    INDEX authorizations_by_user (issuer, user_id, client_id),
                    INDEX authorizations_by_client (issuer, client_id),
                    INDEX authorizations_by_expiry (issuer, expires_at),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE,
                    FOREIGN KEY (issuer, client_id) REFERENCES clients (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS signing_keys (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, algorithm VARCHAR(255) NOT NULL,
                    number BIGINT NOT NULL, sealed_private_key BLOB NOT NULL, created_at BIGINT NOT NULL,
                    signs_from BIGINT NOT NULL, signs_until BIGINT NOT NULL, published_until BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    UNIQUE INDEX signing_keys_by_number (issuer, algorithm, number)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS spent (
                    issuer VARCHAR(255) NOT NULL, purpose VARCHAR(255) NOT NULL, value VARCHAR(255) NOT NULL,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, purpose, value),
                    INDEX spent_by_expiry (issuer, expires_at)) \(form)
                """,
            ]),
        Migration(
            version: 2, name: "authorizations counted by session, and found by the hour in which they expire",
            statements: [
                "ALTER TABLE sessions ADD COLUMN IF NOT EXISTS authorizations BIGINT NOT NULL DEFAULT 0",
                // Indexed by hour, because every refresh moves the expiry and would rewrite an index on the exact time.
                """
                ALTER TABLE authorizations
                    ADD COLUMN IF NOT EXISTS expiry_hour BIGINT GENERATED ALWAYS AS (expires_at DIV 3600000) VIRTUAL
                """,
                """
                CREATE INDEX IF NOT EXISTS authorizations_by_expiry_hour ON authorizations (issuer, expiry_hour)
                """,
                "DROP INDEX IF EXISTS authorizations_by_expiry ON authorizations",
            ]),
        Migration(
            version: 3, name: "groups of users",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS user_groups (
                    issuer VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, document MEDIUMTEXT NOT NULL,
                    PRIMARY KEY (issuer, name)) \(form)
                """,
                "ALTER TABLE users ADD COLUMN IF NOT EXISTS group_names MEDIUMTEXT NOT NULL DEFAULT '[]'",
            ]),
        Migration(
            version: 4, name: "the outbox for mail",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS mail_outbox (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, sealed_mail BLOB NOT NULL,
                    attempts BIGINT NOT NULL CHECK (attempts >= 0), due_at BIGINT NOT NULL,
                    created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    INDEX mail_outbox_by_due (issuer, due_at),
                    INDEX mail_outbox_by_expiry (issuer, expires_at)) \(form)
                """
            ]),
        Migration(
            version: 5, name: "the audit log",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS audit_chains (
                    issuer VARCHAR(255) NOT NULL, node VARCHAR(255) NOT NULL, last_sequence BIGINT NOT NULL,
                    last_at BIGINT NOT NULL, last_mac VARBINARY(64) NOT NULL, seal VARBINARY(64) NOT NULL,
                    removed_through BIGINT NOT NULL DEFAULT 0, removed_mac VARBINARY(64),
                    removal_seal VARBINARY(64),
                    PRIMARY KEY (issuer, node),
                    INDEX audit_chains_by_time (issuer, last_at)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS audit_records (
                    issuer VARCHAR(255) NOT NULL, node VARCHAR(255) NOT NULL, sequence BIGINT NOT NULL,
                    recorded_at BIGINT NOT NULL, event VARCHAR(255) NOT NULL, user_id VARCHAR(255),
                    client_id VARCHAR(255), trace_id VARCHAR(255), document MEDIUMTEXT NOT NULL,
                    mac VARBINARY(64) NOT NULL,
                    PRIMARY KEY (issuer, node, sequence),
                    INDEX audit_records_by_time (issuer, recorded_at),
                    INDEX audit_records_by_user (issuer, user_id, recorded_at),
                    INDEX audit_records_by_client (issuer, client_id, recorded_at),
                    INDEX audit_records_by_trace (issuer, trace_id)) \(form)
                """,
            ]),
        Migration(
            version: 6, name: "passkeys",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS passkeys (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL,
                    name VARCHAR(255) NOT NULL, credential_id VARBINARY(1023) NOT NULL, public_key BLOB NOT NULL,
                    sign_count BIGINT NOT NULL CHECK (sign_count >= 0), aaguid VARBINARY(16) NOT NULL,
                    transports MEDIUMTEXT NOT NULL,
                    is_backup_eligible TINYINT NOT NULL CHECK (is_backup_eligible IN (0, 1)),
                    is_backed_up TINYINT NOT NULL CHECK (is_backed_up IN (0, 1)),
                    is_uv_initialized TINYINT NOT NULL CHECK (is_uv_initialized IN (0, 1)),
                    created_at BIGINT NOT NULL, last_used_at BIGINT,
                    PRIMARY KEY (issuer, id),
                    INDEX passkeys_by_user (issuer, user_id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """
            ]),
        Migration(
            version: 7, name: "devices, recovery codes, failed attempts",
            statements: [
                """
                ALTER TABLE sessions
                    ADD COLUMN IF NOT EXISTS device_id VARCHAR(255),
                    ADD COLUMN IF NOT EXISTS user_agent VARCHAR(255) NOT NULL DEFAULT '',
                    ADD COLUMN IF NOT EXISTS address VARCHAR(255) NOT NULL DEFAULT '',
                    ADD COLUMN IF NOT EXISTS trusts_device TINYINT NOT NULL DEFAULT 0
                """,
                """
                CREATE TABLE IF NOT EXISTS devices (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, secret_digest VARBINARY(64) NOT NULL,
                    user_id VARCHAR(255) NOT NULL, user_agent VARCHAR(255) NOT NULL, address VARCHAR(255) NOT NULL,
                    created_at BIGINT NOT NULL, last_used_at BIGINT NOT NULL, trusted_until BIGINT,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    UNIQUE INDEX devices_by_secret (issuer, secret_digest, user_id),
                    INDEX devices_by_user (issuer, user_id),
                    INDEX devices_by_expiry (issuer, expires_at),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS recovery_codes (
                    issuer VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL, digest VARBINARY(64) NOT NULL,
                    created_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, user_id, digest),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS attempts (
                    issuer VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, failures BIGINT NOT NULL,
                    last_failed_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, name),
                    INDEX attempts_by_expiry (issuer, expires_at)) \(form)
                """,
            ]),
        Migration(
            version: 8, name: "the queue for webhooks",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS webhook_deliveries (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, url MEDIUMTEXT NOT NULL,
                    body MEDIUMTEXT NOT NULL, attempts BIGINT NOT NULL, due_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    INDEX webhook_deliveries_by_due (issuer, due_at)) \(form)
                """
            ]),
        Migration(
            version: 9, name: "networks that people sign in from",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS networks (
                    issuer VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL, network VARCHAR(64) NOT NULL,
                    address VARCHAR(255) NOT NULL, first_seen_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, user_id, network),
                    INDEX networks_by_expiry (issuer, expires_at),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE INDEX IF NOT EXISTS webhook_deliveries_by_expiry ON webhook_deliveries (issuer, expires_at)
                """,
            ]),
        Migration(
            version: 10, name: "data keys, and when removed audit records were made",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS data_keys (
                    issuer VARCHAR(255) NOT NULL, class VARCHAR(32) NOT NULL, number BIGINT NOT NULL,
                    id VARBINARY(16) NOT NULL, used_from BIGINT NOT NULL, wrapped VARBINARY(255) NOT NULL,
                    master_key VARCHAR(255) NOT NULL,
                    PRIMARY KEY (issuer, class, number)) \(form)
                """,
                "ALTER TABLE audit_chains ADD COLUMN IF NOT EXISTS removed_time BIGINT",
            ]),
        Migration(
            version: 11, name: "account recovery, and users that sign-ins in flight rest on",
            statements: [
                """
                ALTER TABLE users
                    ADD COLUMN IF NOT EXISTS session_generation BIGINT NOT NULL DEFAULT 0,
                    ADD COLUMN IF NOT EXISTS relied_on BIGINT NOT NULL DEFAULT 0,
                    ADD COLUMN IF NOT EXISTS password_mailed_at BIGINT
                """,
                """
                CREATE TABLE IF NOT EXISTS account_recoveries (
                    issuer VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL,
                    disputed_from BIGINT NOT NULL, started_at BIGINT NOT NULL, ready_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, user_id),
                    INDEX account_recoveries_by_expiry (issuer, expires_at),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
            ]),
        Migration(
            version: 12, name: "when a session was last used",
            statements: ["ALTER TABLE sessions ADD COLUMN IF NOT EXISTS last_used_at BIGINT"]),
        Migration(
            version: 13, name: "attributes of users, and access codes, which are recovery codes that expire",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS attributes (
                    issuer VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, document MEDIUMTEXT NOT NULL,
                    PRIMARY KEY (issuer, name)) \(form)
                """,
                "ALTER TABLE users ADD COLUMN IF NOT EXISTS attributes MEDIUMTEXT NOT NULL DEFAULT '{}'",
                """
                ALTER TABLE recovery_codes ADD COLUMN IF NOT EXISTS expires_at BIGINT,
                    ADD INDEX IF NOT EXISTS recovery_codes_by_expiry (issuer, expires_at)
                """,
            ]),
        Migration(
            version: 14, name: "upstream providers, their accounts, and sessions that rest on them",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS upstreams (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(64) NOT NULL, document MEDIUMTEXT NOT NULL,
                    sealed_secret BLOB,
                    PRIMARY KEY (issuer, id)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS upstream_links (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, upstream_id VARCHAR(64) NOT NULL,
                    subject VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL, label VARCHAR(255) NOT NULL,
                    sealed_tokens MEDIUMBLOB, created_at BIGINT NOT NULL, last_used_at BIGINT,
                    authority VARCHAR(64) NOT NULL,
                    PRIMARY KEY (issuer, id),
                    UNIQUE INDEX upstream_links_by_subject (issuer, authority, subject),
                    INDEX upstream_links_by_user (issuer, user_id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                ALTER TABLE sessions
                    ADD COLUMN IF NOT EXISTS upstream_id VARCHAR(64),
                    ADD COLUMN IF NOT EXISTS upstream_subject VARCHAR(255),
                    ADD COLUMN IF NOT EXISTS upstream_session VARCHAR(255),
                    ADD COLUMN IF NOT EXISTS sealed_id_token MEDIUMBLOB,
                    ADD COLUMN IF NOT EXISTS proves_time BOOLEAN NOT NULL DEFAULT 1,
                    ADD INDEX IF NOT EXISTS sessions_by_upstream (issuer, upstream_id, upstream_subject),
                    ADD INDEX IF NOT EXISTS sessions_by_upstream_session (issuer, upstream_id, upstream_session)
                """,
            ]),
        Migration(
            version: 15, name: "pushed authorization requests",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS pushed_requests (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(64) NOT NULL, sealed_request MEDIUMBLOB NOT NULL,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id), INDEX pushed_requests_by_expiry (issuer, expires_at)) \(form)
                """
            ]),
        Migration(
            version: 16, name: "clients of sessions, logout notices, device authorizations, security events",
            statements: [
                """
                CREATE TABLE IF NOT EXISTS session_clients (
                    issuer VARCHAR(255) NOT NULL, session_id VARCHAR(255) NOT NULL, client_id VARCHAR(255) NOT NULL,
                    is_notified BOOLEAN NOT NULL, is_notified_of_expiry BOOLEAN NOT NULL, expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, session_id, client_id),
                    INDEX session_clients_by_expiry (issuer, expires_at)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS logout_notices (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(64) NOT NULL, client_id VARCHAR(255) NOT NULL,
                    session_id VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL,
                    attempts INTEGER NOT NULL, due_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    INDEX logout_notices_by_due (issuer, client_id, due_at),
                    INDEX logout_notices_by_expiry (issuer, expires_at),
                    INDEX logout_notices_by_session (issuer, session_id)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS device_authorizations (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(64) NOT NULL, user_code VARCHAR(64) NOT NULL,
                    sealed_request MEDIUMBLOB NOT NULL, sealed_answer MEDIUMBLOB, polling_interval INTEGER NOT NULL,
                    polled_at BIGINT, expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    UNIQUE INDEX device_authorizations_by_code (issuer, user_code),
                    INDEX device_authorizations_by_expiry (issuer, expires_at)) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS event_streams (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(64) NOT NULL, client_id VARCHAR(255) NOT NULL,
                    document MEDIUMTEXT NOT NULL, sealed_secret BLOB,
                    PRIMARY KEY (issuer, id), UNIQUE INDEX event_streams_by_client (issuer, client_id),
                    FOREIGN KEY (issuer, client_id) REFERENCES clients (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS event_subjects (
                    issuer VARCHAR(255) NOT NULL, stream_id VARCHAR(64) NOT NULL, user_id VARCHAR(255) NOT NULL,
                    is_included BOOLEAN NOT NULL,
                    PRIMARY KEY (issuer, stream_id, user_id), INDEX event_subjects_by_user (issuer, user_id),
                    FOREIGN KEY (issuer, stream_id) REFERENCES event_streams (issuer, id) ON DELETE CASCADE) \(form)
                """,
                """
                CREATE TABLE IF NOT EXISTS security_events (
                    issuer VARCHAR(255) NOT NULL, id VARCHAR(64) NOT NULL, stream_id VARCHAR(64) NOT NULL,
                    sealed_event MEDIUMBLOB NOT NULL, attempts INTEGER NOT NULL, due_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    INDEX security_events_by_due (issuer, stream_id, due_at),
                    INDEX security_events_by_expiry (issuer, expires_at)) \(form)
                """,
            ]),
    ]

    private static let form: SQLStatement = """
        ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        """
}
