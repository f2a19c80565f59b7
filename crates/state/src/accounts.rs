//! Users, their sessions and keys, and who tried in vain. What a secret is, or what a role may do, is not known here.
//!
//! Every change of an account and its entry in the audit trail are one transaction.

use crate::audit::{self, AuditEntry};
use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// Somebody who signs in.
    UserRow {
        /// Id.
        user_id: i64,
        /// Name to sign in with.
        name: String,
        /// Name to be shown.
        display_name: String,
        /// Roles, as a JSON array.
        roles_json: String,
        /// Provinces of the customers they see, as a JSON array; all when empty.
        provinces_json: String,
        /// Stores of the customers they see, as a JSON array; all when empty.
        stores_json: String,
        /// Hashed password.
        password_hash: Vec<u8>,
        /// When it was set, in microseconds.
        password_at: i64,
        /// 1 when somebody else set it.
        must_change: i64,
        /// 1 when they may not sign in.
        is_disabled: i64,
        /// Sealed secret of the second factor.
        totp_sealed: Option<String>,
        /// One that was shown and not confirmed yet.
        totp_offered: Option<String>,
        /// Step of the last code that was taken.
        totp_step: Option<i64>,
        /// When it was made, in microseconds.
        created_at: i64,
        /// Last sign-in or request, in microseconds.
        last_seen_at: Option<i64>,
    }
}

record! {
    /// A session of a user.
    SessionRow {
        /// Hash of its secret.
        session_hash: [u8; 32],
        /// Whose.
        user_id: i64,
        /// When it began, in microseconds.
        created_at: i64,
        /// Last request, in microseconds.
        seen_at: i64,
    }
}

record! {
    /// A key of the API.
    ApiKeyRow {
        /// Id.
        key_id: i64,
        /// Whose.
        user_id: i64,
        /// Name.
        name: String,
        /// How the secret begins.
        prefix: String,
        /// Hash of the secret.
        key_hash: [u8; 32],
        /// Permissions, as a JSON array.
        permissions_json: String,
        /// When it was made, in microseconds.
        created_at: i64,
        /// When it ends, in microseconds.
        expires_at: i64,
        /// Last use, in microseconds.
        last_used_at: Option<i64>,
        /// When it was revoked, in microseconds.
        revoked_at: Option<i64>,
    }
}

record! {
    /// Wrong attempts of a name or from an address.
    FailureRow {
        /// Whose: a keyed hash.
        subject: String,
        /// How many, one after another.
        n_failures: i64,
        /// The last one, in microseconds.
        last_at: i64,
        /// Until when nothing is tried any more, in microseconds.
        locked_until: Option<i64>,
    }
}

/// What becomes of a user's sessions when the user changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// They stay.
    Keep,
    /// All end.
    End,
}

impl Store {
    /// Adds a user, with an entry in the audit trail; `is_first` only when there is none. Says whether it was added: not
    /// when the name is taken, or somebody else was first.
    pub async fn insert_user(
        &self,
        user: UserRow,
        is_first: bool,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("insert_user", format!("user {}", user.user_id)).await?;
        // First, so that those who add at the same time wait for each other here.
        audit::append(&mut tx, entry, link).await?;
        let n_others: Option<(i64,)> = if is_first {
            tx.optional("SELECT count(*) FROM users", &[]).await?
        } else {
            tx.optional("SELECT count(*) FROM users WHERE name = $1", &[user.name.arg()]).await?
        };
        if n_others != Some((0,)) {
            return Ok(false);
        }
        tx.bulk("INSERT INTO users ({columns}) {rows}", &[user]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Puts what is known of a user in place of what was, with an entry in the audit trail; name and beginnings stay, and so does
    /// the last step of a second factor that stays.
    pub async fn update_user(
        &self,
        user: &UserRow,
        sessions: Sessions,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("update_user", format!("user {}", user.user_id)).await?;
        audit::append(&mut tx, entry, link).await?;
        tx.run_one(
            "UPDATE users SET display_name = $2, roles_json = $3, provinces_json = $4, stores_json = $5, \
             password_hash = $6, password_at = $7, must_change = $8, is_disabled = $9, totp_sealed = $10, \
             totp_offered = $11, totp_step = CASE WHEN totp_sealed = $10 THEN totp_step ELSE $12 END, last_seen_at = $13 WHERE user_id = $1",
            &[
                user.user_id.arg(),
                user.display_name.arg(),
                user.roles_json.arg(),
                user.provinces_json.arg(),
                user.stores_json.arg(),
                user.password_hash.arg(),
                user.password_at.arg(),
                user.must_change.arg(),
                user.is_disabled.arg(),
                user.totp_sealed.arg(),
                user.totp_offered.arg(),
                user.totp_step.arg(),
                user.last_seen_at.arg(),
            ],
        )
        .await?;
        if user.totp_sealed.is_none() {
            tx.run("DELETE FROM recovery_codes WHERE user_id = $1", &[user.user_id.arg()]).await?;
        }
        if sessions == Sessions::End {
            end_all(&mut tx, user.user_id).await?;
        }
        tx.commit().await
    }

    /// All users, by name.
    #[boxed]
    pub async fn users(&self) -> Result<Vec<UserRow>> {
        self.data.read("users", "users").all("SELECT {columns} FROM users ORDER BY name", &[]).await
    }

    /// The user of an id.
    #[boxed]
    pub async fn user(&self, user_id: i64) -> Result<Option<UserRow>> {
        self.data
            .read("user", format!("user {user_id}"))
            .optional("SELECT {columns} FROM users WHERE user_id = $1", &[user_id.arg()])
            .await
    }

    /// The user of a name.
    #[boxed]
    pub async fn user_named(&self, name: &str) -> Result<Option<UserRow>> {
        self.data
            .read("user_named", "a user")
            .optional("SELECT {columns} FROM users WHERE name = $1", &[name.arg()])
            .await
    }

    /// Whether there is any user.
    #[boxed]
    pub async fn has_users(&self) -> Result<bool> {
        let found: Option<(i64,)> =
            self.data.read("has_users", "users").optional("SELECT user_id FROM users LIMIT 1", &[]).await?;
        Ok(found.is_some())
    }

    /// Begins a session, with an entry in the audit trail; those that ended long ago are forgotten. The step of a code is
    /// taken once: `false` when another sign-in has taken it, or the recovery code is gone.
    pub async fn begin_session(
        &self,
        session: SessionRow,
        proof: Proof,
        ended_before: i64,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let (user_id, at) = (session.user_id, session.created_at);
        let mut tx = self.data.begin("begin_session", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = match proof {
            Proof::Password | Proof::Provider => 1,
            Proof::Step(step) => {
                tx.run(
                    "UPDATE users SET totp_step = $2 WHERE user_id = $1 AND (totp_step IS NULL OR totp_step < $2)",
                    &[user_id.arg(), step.arg()],
                )
                .await?
            }
            Proof::Recovery(code_hash) => {
                tx.run(
                    "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2",
                    &[user_id.arg(), code_hash.arg()],
                )
                .await?
            }
        };
        if n == 0 {
            return Ok(false);
        }
        tx.run("DELETE FROM user_sessions WHERE created_at < $1", &[ended_before.arg()]).await?;
        tx.run_one("UPDATE users SET last_seen_at = $2 WHERE user_id = $1", &[user_id.arg(), at.arg()]).await?;
        tx.bulk("INSERT INTO user_sessions ({columns}) {rows}", &[session]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The session of a hash.
    #[boxed]
    pub async fn session(&self, session_hash: &[u8; 32]) -> Result<Option<SessionRow>> {
        self.data
            .read("session", "a session")
            .optional("SELECT {columns} FROM user_sessions WHERE session_hash = $1", &[session_hash.arg()])
            .await
    }

    /// Notes a request of a session.
    #[boxed]
    pub async fn touch_session(&self, session: &SessionRow, at: i64) -> Result<()> {
        let mut tx = self.data.begin("touch_session", format!("user {}", session.user_id)).await?;
        tx.run(
            "UPDATE user_sessions SET seen_at = $2 WHERE session_hash = $1",
            &[session.session_hash.arg(), at.arg()],
        )
        .await?;
        tx.run("UPDATE users SET last_seen_at = $2 WHERE user_id = $1", &[session.user_id.arg(), at.arg()]).await?;
        tx.commit().await
    }

    /// Ends a session, with an entry in the audit trail; says whether it was there.
    pub async fn end_session(
        &self,
        session_hash: &[u8; 32],
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("end_session", "a session").await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx.run("DELETE FROM user_sessions WHERE session_hash = $1", &[session_hash.arg()]).await?;
        if n > 0 {
            tx.commit().await?;
        }
        Ok(n > 0)
    }

    /// Puts new recovery codes in place of those that a user has.
    #[boxed]
    pub async fn put_recovery_codes(&self, user_id: i64, codes: &[[u8; 16]]) -> Result<()> {
        let mut tx = self.data.begin("put_recovery_codes", format!("user {user_id}")).await?;
        tx.run("DELETE FROM recovery_codes WHERE user_id = $1", &[user_id.arg()]).await?;
        let rows: Vec<(i64, [u8; 16])> = codes.iter().map(|code| (user_id, *code)).collect();
        tx.bulk("INSERT INTO recovery_codes (user_id, code_hash) {rows}", &rows).await?;
        tx.commit().await
    }

    /// Whether a user has a recovery code.
    #[boxed]
    pub async fn has_recovery_code(&self, user_id: i64, code_hash: &[u8; 16]) -> Result<bool> {
        let found: Option<(i64,)> = self
            .data
            .read("has_recovery_code", format!("user {user_id}"))
            .optional(
                "SELECT user_id FROM recovery_codes WHERE user_id = $1 AND code_hash = $2",
                &[user_id.arg(), code_hash.arg()],
            )
            .await?;
        Ok(found.is_some())
    }

    /// Adds a key of the API, with an entry in the audit trail.
    pub async fn insert_api_key(
        &self,
        key: ApiKeyRow,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("insert_api_key", format!("key {}", key.key_id)).await?;
        audit::append(&mut tx, entry, link).await?;
        tx.bulk("INSERT INTO api_keys ({columns}) {rows}", &[key]).await?;
        tx.commit().await
    }

    /// All keys of the API that were not revoked, the newest first.
    #[boxed]
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRow>> {
        self.data
            .read("api_keys", "keys")
            .all("SELECT {columns} FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at DESC, key_id", &[])
            .await
    }

    /// The key of a hash, revoked or not.
    #[boxed]
    pub async fn api_key_of(&self, key_hash: &[u8; 32]) -> Result<Option<ApiKeyRow>> {
        self.data
            .read("api_key_of", "a key")
            .optional("SELECT {columns} FROM api_keys WHERE key_hash = $1", &[key_hash.arg()])
            .await
    }

    /// Notes a use of a key.
    #[boxed]
    pub async fn touch_api_key(&self, key: &ApiKeyRow, at: i64) -> Result<()> {
        let mut tx = self.data.begin("touch_api_key", format!("key {}", key.key_id)).await?;
        tx.run("UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1", &[key.key_id.arg(), at.arg()]).await?;
        tx.run("UPDATE users SET last_seen_at = $2 WHERE user_id = $1", &[key.user_id.arg(), at.arg()]).await?;
        tx.commit().await
    }

    /// Revokes a key, once, with an entry in the audit trail; says whether it was in force.
    pub async fn revoke_api_key(
        &self,
        key_id: i64,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("revoke_api_key", format!("key {key_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE api_keys SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL",
                &[key_id.arg(), entry.at.arg()],
            )
            .await?;
        if n > 0 {
            tx.commit().await?;
        }
        Ok(n > 0)
    }

    /// Wrong attempts of some subjects.
    #[boxed]
    pub async fn failures(&self, subjects: &[String]) -> Result<Vec<FailureRow>> {
        let mut found = Vec::new();
        for subject in subjects {
            let row: Option<FailureRow> = self
                .data
                .read("failures", "attempts")
                .optional("SELECT {columns} FROM sign_in_failures WHERE subject = $1", &[subject.arg()])
                .await?;
            found.extend(row);
        }
        Ok(found)
    }

    /// Counts a wrong attempt of some subjects, with an entry in the audit trail: whoever has `max` of them, none older
    /// than `since`, is locked until `locked_until`. What is over is forgotten.
    pub async fn count_failure(
        &self,
        subjects: &[String],
        (since, max, locked_until): (i64, i64, i64),
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("count_failure", "attempts").await?;
        audit::append(&mut tx, entry, link).await?;
        tx.run(
            "DELETE FROM sign_in_failures WHERE last_at < $1 AND (locked_until IS NULL OR locked_until <= $2)",
            &[since.arg(), entry.at.arg()],
        )
        .await?;
        for subject in subjects {
            tx.run(
                "INSERT INTO sign_in_failures (subject, n_failures, last_at) VALUES ($1, 1, $2) \
                 ON CONFLICT (subject) DO UPDATE SET n_failures = sign_in_failures.n_failures + 1, last_at = $2",
                &[subject.arg(), entry.at.arg()],
            )
            .await?;
            tx.run(
                "UPDATE sign_in_failures SET locked_until = $3, n_failures = 0 WHERE subject = $1 AND n_failures >= $2",
                &[subject.arg(), max.arg(), locked_until.arg()],
            )
            .await?;
        }
        tx.commit().await
    }

    /// Forgets wrong attempts of some subjects.
    #[boxed]
    pub async fn forget_failures(&self, subjects: &[String]) -> Result<()> {
        let mut tx = self.data.begin("forget_failures", "attempts").await?;
        for subject in subjects {
            tx.run("DELETE FROM sign_in_failures WHERE subject = $1", &[subject.arg()]).await?;
        }
        tx.commit().await
    }

    /// Ends the sessions of everybody.
    #[boxed]
    pub async fn end_all_sessions(&self) -> Result<()> {
        let mut tx = self.data.begin("end_all_sessions", "sessions").await?;
        tx.run("DELETE FROM user_sessions", &[]).await?;
        tx.commit().await
    }

    /// Ends all sessions of a user, but one.
    #[boxed]
    pub async fn end_other_sessions(&self, user_id: i64, but: Option<&[u8; 32]>) -> Result<()> {
        let mut tx = self.data.begin("end_other_sessions", format!("user {user_id}")).await?;
        let none = [0; 32];
        tx.run(
            "DELETE FROM user_sessions WHERE user_id = $1 AND session_hash <> $2",
            &[user_id.arg(), but.unwrap_or(&none).arg()],
        )
        .await?;
        tx.commit().await
    }
}

/// What, besides a password or the word of a provider, a session is begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    Password,
    /// Nothing: an identity provider vouches for them.
    Provider,
    /// A code of this step.
    Step(i64),
    /// A recovery code, by its hash.
    Recovery([u8; 16]),
}

async fn end_all(tx: &mut Tx, user_id: i64) -> Result<()> {
    tx.run("DELETE FROM user_sessions WHERE user_id = $1", &[user_id.arg()]).await?;
    Ok(())
}
