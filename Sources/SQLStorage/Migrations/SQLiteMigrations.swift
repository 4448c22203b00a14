extension Migration {
    static let sqlite: [Migration] = [
        Migration(
            version: 1, name: "the provider",
            statements: [
                """
                CREATE TABLE changes (
                    issuer TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID
                """,
                """
                CREATE TABLE clients (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, metadata TEXT NOT NULL, secret_digest BLOB,
                    sealed_secret BLOB,
                    PRIMARY KEY (issuer, id),
                    CHECK (sealed_secret IS NULL OR secret_digest IS NOT NULL)) STRICT, WITHOUT ROWID
                """,
                """
                CREATE TABLE resource_servers (
                    issuer TEXT NOT NULL, identifier TEXT NOT NULL, document TEXT NOT NULL,
                    PRIMARY KEY (issuer, identifier)) STRICT, WITHOUT ROWID
                """,
                """
                CREATE TABLE roles (
                    issuer TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
                    PRIMARY KEY (issuer, name)) STRICT, WITHOUT ROWID
                """,
                """
                CREATE TABLE users (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, username TEXT NOT NULL, username_key TEXT NOT NULL,
                    email TEXT, is_email_verified INTEGER NOT NULL CHECK (is_email_verified IN (0, 1)),
                    password_hash TEXT, claims TEXT NOT NULL, roles TEXT NOT NULL,
                    is_disabled INTEGER NOT NULL CHECK (is_disabled IN (0, 1)),
                    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX users_by_username ON users (issuer, username_key)",
                """
                CREATE TABLE user_names (
                    issuer TEXT NOT NULL, name_key TEXT NOT NULL, user_id TEXT NOT NULL,
                    PRIMARY KEY (issuer, name_key),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX user_names_by_user ON user_names (issuer, user_id)",
                """
                CREATE TABLE totp_credentials (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, name TEXT NOT NULL,
                    sealed_secret BLOB NOT NULL, algorithm TEXT NOT NULL,
                    digits INTEGER NOT NULL CHECK (digits BETWEEN 6 AND 8),
                    period INTEGER NOT NULL CHECK (period > 0), last_step INTEGER NOT NULL,
                    created_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX totp_credentials_by_user ON totp_credentials (issuer, user_id)",
                """
                CREATE TABLE sessions (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, secret_digest BLOB NOT NULL, user_id TEXT NOT NULL,
                    authenticated_at INTEGER NOT NULL, amr TEXT NOT NULL, acr TEXT NOT NULL,
                    expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX sessions_by_secret ON sessions (issuer, secret_digest)",
                "CREATE INDEX sessions_by_user ON sessions (issuer, user_id)",
                "CREATE INDEX sessions_by_expiry ON sessions (issuer, expires_at)",
                """
                CREATE TABLE consents (
                    issuer TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, scope TEXT NOT NULL,
                    granted_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, user_id, client_id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE,
                    FOREIGN KEY (issuer, client_id) REFERENCES clients (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX consents_by_client ON consents (issuer, client_id)",
                """
                CREATE TABLE authorizations (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, client_id TEXT NOT NULL, user_id TEXT, session_id TEXT,
                    is_offline INTEGER NOT NULL CHECK (is_offline IN (0, 1)), granted TEXT NOT NULL,
                    generation INTEGER NOT NULL CHECK (generation >= 0), rotated_at INTEGER, revoked_at INTEGER,
                    expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE,
                    FOREIGN KEY (issuer, client_id) REFERENCES clients (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX authorizations_by_session ON authorizations (issuer, session_id)",
                "CREATE INDEX authorizations_by_user ON authorizations (issuer, user_id, client_id)",
                "CREATE INDEX authorizations_by_client ON authorizations (issuer, client_id)",
                "CREATE INDEX authorizations_by_expiry ON authorizations (issuer, expires_at)",
                """
                CREATE TABLE signing_keys (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, algorithm TEXT NOT NULL, number INTEGER NOT NULL,
                    sealed_private_key BLOB NOT NULL, created_at INTEGER NOT NULL, signs_from INTEGER NOT NULL,
                    signs_until INTEGER NOT NULL, published_until INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX signing_keys_by_number ON signing_keys (issuer, algorithm, number)",
                """
                CREATE TABLE spent (
                    issuer TEXT NOT NULL, purpose TEXT NOT NULL, value TEXT NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, purpose, value)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX spent_by_expiry ON spent (issuer, expires_at)",
                // Without statistics, SQLite assumes ten rows per issuer and scans them all instead of using an index.
                // These state the possible number of rows and how many share the first columns of the primary key
                // (https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_sqlite_stat_tables).
                "ANALYZE sqlite_schema",
                """
                INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                    ('users', 'users', '1000000 1000000 1'),
                    ('user_names', 'user_names', '1000000 1000000 1'),
                    ('totp_credentials', 'totp_credentials', '1000000 1000000 1'),
                    ('sessions', 'sessions', '1000000 1000000 1'),
                    ('consents', 'consents', '1000000 1000000 5 1'),
                    ('authorizations', 'authorizations', '1000000 1000000 1'),
                    ('spent', 'spent', '1000000 1000000 500000 1')
                """,
                "ANALYZE sqlite_schema",
            ]),
        Migration(
            version: 2, name: "authorizations counted by session, and found by the hour in which they expire",
            statements: [
                "ALTER TABLE sessions ADD COLUMN authorizations INTEGER NOT NULL DEFAULT 0",
                // Indexed by hour, because every refresh moves the expiry and would rewrite an index on the exact time.
                """
                ALTER TABLE authorizations
                    ADD COLUMN expiry_hour INTEGER GENERATED ALWAYS AS (expires_at / 3600000) VIRTUAL
                """,
                "CREATE INDEX authorizations_by_expiry_hour ON authorizations (issuer, expiry_hour)",
                "DROP INDEX authorizations_by_expiry",
            ]),
        Migration(
            version: 3, name: "groups of users",
            statements: [
                """
                CREATE TABLE user_groups (
                    issuer TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
                    PRIMARY KEY (issuer, name)) STRICT, WITHOUT ROWID
                """,
                "ALTER TABLE users ADD COLUMN group_names TEXT NOT NULL DEFAULT '[]'",
            ]),
        Migration(
            version: 4, name: "the outbox for mail",
            statements: [
                """
                CREATE TABLE mail_outbox (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, sealed_mail BLOB NOT NULL,
                    attempts INTEGER NOT NULL CHECK (attempts >= 0), due_at INTEGER NOT NULL,
                    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX mail_outbox_by_due ON mail_outbox (issuer, due_at)",
                "CREATE INDEX mail_outbox_by_expiry ON mail_outbox (issuer, expires_at)",
            ]),
        Migration(
            version: 5, name: "the audit log",
            statements: [
                """
                CREATE TABLE audit_chains (
                    issuer TEXT NOT NULL, node TEXT NOT NULL, last_sequence INTEGER NOT NULL, last_at INTEGER NOT NULL,
                    last_mac BLOB NOT NULL, seal BLOB NOT NULL, removed_through INTEGER NOT NULL DEFAULT 0,
                    removed_mac BLOB, removal_seal BLOB,
                    PRIMARY KEY (issuer, node)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX audit_chains_by_time ON audit_chains (issuer, last_at)",
                """
                CREATE TABLE audit_records (
                    issuer TEXT NOT NULL, node TEXT NOT NULL, sequence INTEGER NOT NULL,
                    recorded_at INTEGER NOT NULL, event TEXT NOT NULL, user_id TEXT, client_id TEXT, trace_id TEXT,
                    document TEXT NOT NULL, mac BLOB NOT NULL,
                    PRIMARY KEY (issuer, node, sequence)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX audit_records_by_time ON audit_records (issuer, recorded_at)",
                "CREATE INDEX audit_records_by_user ON audit_records (issuer, user_id, recorded_at)",
                "CREATE INDEX audit_records_by_client ON audit_records (issuer, client_id, recorded_at)",
                "CREATE INDEX audit_records_by_trace ON audit_records (issuer, trace_id)",
            ]),
        Migration(
            version: 6, name: "passkeys",
            statements: [
                """
                CREATE TABLE passkeys (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, name TEXT NOT NULL,
                    credential_id BLOB NOT NULL, public_key BLOB NOT NULL,
                    sign_count INTEGER NOT NULL CHECK (sign_count >= 0), aaguid BLOB NOT NULL,
                    transports TEXT NOT NULL,
                    is_backup_eligible INTEGER NOT NULL CHECK (is_backup_eligible IN (0, 1)),
                    is_backed_up INTEGER NOT NULL CHECK (is_backed_up IN (0, 1)),
                    is_uv_initialized INTEGER NOT NULL CHECK (is_uv_initialized IN (0, 1)),
                    created_at INTEGER NOT NULL, last_used_at INTEGER,
                    PRIMARY KEY (issuer, id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX passkeys_by_user ON passkeys (issuer, user_id)",
                "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('passkeys', 'passkeys', '1000000 1000000 1')",
                "ANALYZE sqlite_schema",
            ]),
        Migration(
            version: 7, name: "devices, recovery codes, failed attempts",
            statements: [
                "ALTER TABLE sessions ADD COLUMN device_id TEXT",
                "ALTER TABLE sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE sessions ADD COLUMN trusts_device INTEGER NOT NULL DEFAULT 0",
                """
                CREATE TABLE devices (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, secret_digest BLOB NOT NULL, user_id TEXT NOT NULL,
                    user_agent TEXT NOT NULL, address TEXT NOT NULL, created_at INTEGER NOT NULL,
                    last_used_at INTEGER NOT NULL, trusted_until INTEGER, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX devices_by_secret ON devices (issuer, secret_digest, user_id)",
                "CREATE INDEX devices_by_user ON devices (issuer, user_id)",
                "CREATE INDEX devices_by_expiry ON devices (issuer, expires_at)",
                """
                CREATE TABLE recovery_codes (
                    issuer TEXT NOT NULL, user_id TEXT NOT NULL, digest BLOB NOT NULL, created_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, user_id, digest),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                """
                CREATE TABLE attempts (
                    issuer TEXT NOT NULL, name TEXT NOT NULL, failures INTEGER NOT NULL,
                    last_failed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, name)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX attempts_by_expiry ON attempts (issuer, expires_at)",
                """
                INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                    ('devices', 'devices', '1000000 1000000 1'),
                    ('recovery_codes', 'recovery_codes', '1000000 1000000 10 1'),
                    ('attempts', 'attempts', '1000000 1000000 1')
                """,
                "ANALYZE sqlite_schema",
            ]),
        Migration(
            version: 8, name: "the queue for webhooks",
            statements: [
                """
                CREATE TABLE webhook_deliveries (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL,
                    attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (issuer, due_at)",
            ]),
        Migration(
            version: 9, name: "networks that people sign in from",
            statements: [
                """
                CREATE TABLE networks (
                    issuer TEXT NOT NULL, user_id TEXT NOT NULL, network TEXT NOT NULL, address TEXT NOT NULL,
                    first_seen_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, user_id, network),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX networks_by_expiry ON networks (issuer, expires_at)",
                "CREATE INDEX webhook_deliveries_by_expiry ON webhook_deliveries (issuer, expires_at)",
                "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('networks', 'networks', '1000000 1000000 10 1')",
                "ANALYZE sqlite_schema",
            ]),
        Migration(
            version: 10, name: "data keys, and when removed audit records were made",
            statements: [
                """
                CREATE TABLE data_keys (
                    issuer TEXT NOT NULL, class TEXT NOT NULL, number INTEGER NOT NULL, id BLOB NOT NULL,
                    used_from INTEGER NOT NULL, wrapped BLOB NOT NULL, master_key TEXT NOT NULL,
                    PRIMARY KEY (issuer, class, number)) STRICT, WITHOUT ROWID
                """,
                "ALTER TABLE audit_chains ADD COLUMN removed_time INTEGER",
            ]),
        Migration(
            version: 11, name: "account recovery, and users that sign-ins in flight rest on",
            statements: [
                "ALTER TABLE users ADD COLUMN session_generation INTEGER NOT NULL DEFAULT 0",
                "ALTER TABLE users ADD COLUMN relied_on INTEGER NOT NULL DEFAULT 0",
                "ALTER TABLE users ADD COLUMN password_mailed_at INTEGER",
                """
                CREATE TABLE account_recoveries (
                    issuer TEXT NOT NULL, user_id TEXT NOT NULL, id TEXT NOT NULL, disputed_from INTEGER NOT NULL,
                    started_at INTEGER NOT NULL, ready_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, user_id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX account_recoveries_by_expiry ON account_recoveries (issuer, expires_at)",
            ]),
        Migration(
            version: 12, name: "when a session was last used",
            statements: ["ALTER TABLE sessions ADD COLUMN last_used_at INTEGER"]),
        Migration(
            version: 13, name: "attributes of users, and access codes, which are recovery codes that expire",
            statements: [
                """
                CREATE TABLE attributes (
                    issuer TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
                    PRIMARY KEY (issuer, name)) STRICT, WITHOUT ROWID
                """,
                "ALTER TABLE users ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}'",
                "ALTER TABLE recovery_codes ADD COLUMN expires_at INTEGER",
                "CREATE INDEX recovery_codes_by_expiry ON recovery_codes (issuer, expires_at)",
            ]),
        Migration(
            version: 14, name: "upstream providers, their accounts, and sessions that rest on them",
            statements: [
                """
                CREATE TABLE upstreams (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, sealed_secret BLOB,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                """
                CREATE TABLE upstream_links (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, upstream_id TEXT NOT NULL, subject TEXT NOT NULL,
                    user_id TEXT NOT NULL, label TEXT NOT NULL, sealed_tokens BLOB, created_at INTEGER NOT NULL,
                    last_used_at INTEGER, authority TEXT NOT NULL,
                    PRIMARY KEY (issuer, id),
                    FOREIGN KEY (issuer, user_id) REFERENCES users (issuer, id) ON DELETE CASCADE)
                    STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX upstream_links_by_subject ON upstream_links (issuer, authority, subject)",
                "CREATE INDEX upstream_links_by_user ON upstream_links (issuer, user_id)",
                "ALTER TABLE sessions ADD COLUMN upstream_id TEXT",
                "ALTER TABLE sessions ADD COLUMN upstream_subject TEXT",
                "ALTER TABLE sessions ADD COLUMN upstream_session TEXT",
                "ALTER TABLE sessions ADD COLUMN sealed_id_token BLOB",
                "ALTER TABLE sessions ADD COLUMN proves_time INTEGER NOT NULL DEFAULT 1",
                """
                CREATE INDEX sessions_by_upstream ON sessions (issuer, upstream_id, upstream_subject)
                    WHERE upstream_id IS NOT NULL
                """,
                """
                CREATE INDEX sessions_by_upstream_session ON sessions (issuer, upstream_id, upstream_session)
                    WHERE upstream_session IS NOT NULL
                """,
                """
                INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                    ('upstream_links', 'upstream_links', '1000000 1000000 1')
                """,
                "ANALYZE sqlite_schema",
            ]),
        Migration(
            version: 15, name: "pushed authorization requests",
            statements: [
                """
                CREATE TABLE pushed_requests (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, sealed_request BLOB NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX pushed_requests_by_expiry ON pushed_requests (issuer, expires_at)",
                """
                INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                    ('pushed_requests', 'pushed_requests', '1000000 1000000 1')
                """,
                "ANALYZE sqlite_schema",
            ]),
        Migration(
            version: 16, name: "clients of sessions, logout notices, device authorizations, security events",
            statements: [
                """
                CREATE TABLE session_clients (
                    issuer TEXT NOT NULL, session_id TEXT NOT NULL, client_id TEXT NOT NULL,
                    is_notified INTEGER NOT NULL, is_notified_of_expiry INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, session_id, client_id)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX session_clients_by_expiry ON session_clients (issuer, expires_at)",
                """
                CREATE TABLE logout_notices (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, client_id TEXT NOT NULL, session_id TEXT NOT NULL,
                    user_id TEXT NOT NULL, attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX logout_notices_by_due ON logout_notices (issuer, client_id, due_at)",
                "CREATE INDEX logout_notices_by_expiry ON logout_notices (issuer, expires_at)",
                "CREATE INDEX logout_notices_by_session ON logout_notices (issuer, session_id)",
                """
                CREATE TABLE device_authorizations (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, user_code TEXT NOT NULL, sealed_request BLOB NOT NULL,
                    sealed_answer BLOB, polling_interval INTEGER NOT NULL, polled_at INTEGER,
                    expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX device_authorizations_by_code ON device_authorizations (issuer, user_code)",
                "CREATE INDEX device_authorizations_by_expiry ON device_authorizations (issuer, expires_at)",
                """
                CREATE TABLE event_streams (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, client_id TEXT NOT NULL, document TEXT NOT NULL,
                    sealed_secret BLOB,
                    PRIMARY KEY (issuer, id),
                    FOREIGN KEY (issuer, client_id) REFERENCES clients (issuer, id) ON DELETE CASCADE
                ) STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX event_streams_by_client ON event_streams (issuer, client_id)",
                """
                CREATE TABLE event_subjects (
                    issuer TEXT NOT NULL, stream_id TEXT NOT NULL, user_id TEXT NOT NULL, is_included INTEGER NOT NULL,
                    PRIMARY KEY (issuer, stream_id, user_id),
                    FOREIGN KEY (issuer, stream_id) REFERENCES event_streams (issuer, id) ON DELETE CASCADE
                ) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX event_subjects_by_user ON event_subjects (issuer, user_id)",
                """
                CREATE TABLE security_events (
                    issuer TEXT NOT NULL, id TEXT NOT NULL, stream_id TEXT NOT NULL, sealed_event BLOB NOT NULL,
                    attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    PRIMARY KEY (issuer, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX security_events_by_due ON security_events (issuer, stream_id, due_at)",
                "CREATE INDEX security_events_by_expiry ON security_events (issuer, expires_at)",
                """
                INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                    ('session_clients', 'session_clients', '1000000 1000000 3 1'),
                    ('session_clients', 'session_clients_by_expiry', '1000000 1000000 2'),
                    ('logout_notices', 'logout_notices', '1000000 1000000 1'),
                    ('logout_notices', 'logout_notices_by_due', '1000000 1000000 10000 2'),
                    ('logout_notices', 'logout_notices_by_expiry', '1000000 1000000 2'),
                    ('logout_notices', 'logout_notices_by_session', '1000000 1000000 3'),
                    ('device_authorizations', 'device_authorizations', '1000000 1000000 1'),
                    ('device_authorizations', 'device_authorizations_by_code', '1000000 1000000 1'),
                    ('device_authorizations', 'device_authorizations_by_expiry', '1000000 1000000 2'),
                    ('event_streams', 'event_streams', '1000 1000 1'),
                    ('event_streams', 'event_streams_by_client', '1000 1000 1'),
                    ('event_subjects', 'event_subjects', '1000000 1000000 1000 1'),
                    ('event_subjects', 'event_subjects_by_user', '1000000 1000000 2'),
                    ('security_events', 'security_events', '1000000 1000000 1'),
                    ('security_events', 'security_events_by_due', '1000000 1000000 10000 2'),
                    ('security_events', 'security_events_by_expiry', '1000000 1000000 2')
                """,
                "ANALYZE sqlite_schema",
            ]),
    ]
}
