//! Users, their sessions and keys, and who tried in vain. What a secret is, or what a role may do, is not known here.
//!
//! Every change of an account and its entry in the audit trail are one transaction. An act writes what it is about and
//! nothing else, so that one that was decided on an older row restores nothing that another has changed since.

use crate::audit::{self, AuditEntry};
use crate::boxed;
use crate::db::{Arg, Put, Tx, record};
use crate::definitions::bump;
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
    /// Attempts of a name or from an address that were wrong, or are being judged.
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

/// What an administrator or a provider changes of a user; what is missing stays as it is then.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Name to be shown.
    pub display_name: Option<String>,
    /// Roles, as a JSON array.
    pub roles_json: Option<String>,
    /// Provinces of the customers they see, as a JSON array.
    pub provinces_json: Option<String>,
    /// Stores of the customers they see, as a JSON array.
    pub stores_json: Option<String>,
    /// 1 when they may not sign in.
    pub is_disabled: Option<i64>,
    /// From when on they count as unused, in microseconds.
    pub last_seen_at: Option<i64>,
}

/// A password to be set.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// Hashed.
    pub hash: Vec<u8>,
    /// When, in microseconds.
    pub at: i64,
}

impl Store {
    /// Adds a user, with an entry in the audit trail; `is_first` only when there is none. Says whether it was added:
    /// not when the name is taken, or somebody else was first.
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

    /// Changes a user, with an entry in the audit trail.
    pub async fn change_user(
        &self,
        user_id: i64,
        change: &UserChange,
        sessions: Sessions,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("change_user", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        tx.run_one(
            "UPDATE users SET display_name = COALESCE($2, display_name), roles_json = COALESCE($3, roles_json), \
             provinces_json = COALESCE($4, provinces_json), stores_json = COALESCE($5, stores_json), \
             is_disabled = COALESCE($6, is_disabled), last_seen_at = COALESCE($7, last_seen_at) WHERE user_id = $1",
            &[
                user_id.arg(),
                change.display_name.arg(),
                change.roles_json.arg(),
                change.provinces_json.arg(),
                change.stores_json.arg(),
                change.is_disabled.arg(),
                change.last_seen_at.arg(),
            ],
        )
        .await?;
        if sessions == Sessions::End {
            end_all(&mut tx, user_id).await?;
        }
        tx.commit().await
    }

    /// Puts a password in place of the one that was read or proved, and ends all sessions but one, with an entry in the
    /// audit trail. Says whether it was done: not when another has taken its place since, or the user is disabled.
    pub async fn change_password(
        &self,
        user_id: i64,
        old_hash: &[u8],
        new: NewPassword,
        but: Option<&[u8; 32]>,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("change_password", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE users SET password_hash = $3, password_at = $4, must_change = 0 \
                 WHERE user_id = $1 AND password_hash = $2 AND is_disabled = 0",
                &[user_id.arg(), old_hash.arg(), new.hash.arg(), new.at.arg()],
            )
            .await?;
        if n == 0 {
            return Ok(false);
        }
        end_others(&mut tx, user_id, but).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Puts a one-time password in place of what a user came in by, with an entry in the audit trail: sessions end,
    /// keys of the API are revoked, second factor and recovery codes go. Says whether it was done: not when their roles
    /// are others than those that it was decided on.
    pub async fn reset_user(
        &self,
        user_id: i64,
        roles_json: &str,
        new: NewPassword,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("reset_user", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE users SET password_hash = $3, password_at = $4, must_change = 1, totp_sealed = NULL, \
                 totp_offered = NULL, totp_step = NULL WHERE user_id = $1 AND roles_json = $2",
                &[user_id.arg(), roles_json.arg(), new.hash.arg(), new.at.arg()],
            )
            .await?;
        if n == 0 {
            return Ok(false);
        }
        tx.run("DELETE FROM recovery_codes WHERE user_id = $1", &[user_id.arg()]).await?;
        tx.run(
            "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
            &[user_id.arg(), entry.at.arg()],
        )
        .await?;
        end_all(&mut tx, user_id).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Keeps a second factor that was shown, with an entry in the audit trail. Says whether it was done: not when one
    /// is in force, or the user is disabled.
    pub async fn offer_totp(
        &self,
        user_id: i64,
        offered: &str,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("offer_totp", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE users SET totp_offered = $2 WHERE user_id = $1 AND totp_sealed IS NULL AND is_disabled = 0",
                &[user_id.arg(), offered.arg()],
            )
            .await?;
        if n > 0 {
            tx.commit().await?;
        }
        Ok(n > 0)
    }

    /// Puts a second factor that was shown in force, with its recovery codes, the step of the code that confirmed it
    /// and an entry in the audit trail. Says whether it was done: not when it was taken back, or the user is disabled.
    pub async fn confirm_totp(
        &self,
        user_id: i64,
        offered: &str,
        step: i64,
        codes: &[[u8; 16]],
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("confirm_totp", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE users SET totp_sealed = $2, totp_offered = NULL, totp_step = $3 \
                 WHERE user_id = $1 AND totp_offered = $2 AND totp_sealed IS NULL AND is_disabled = 0",
                &[user_id.arg(), offered.arg(), step.arg()],
            )
            .await?;
        if n == 0 {
            return Ok(false);
        }
        // In one: a second factor without codes could lock somebody out for good.
        tx.run("DELETE FROM recovery_codes WHERE user_id = $1", &[user_id.arg()]).await?;
        let rows: Vec<(i64, [u8; 16])> = codes.iter().map(|code| (user_id, *code)).collect();
        tx.bulk("INSERT INTO recovery_codes (user_id, code_hash) {rows}", &rows).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes the second factor and its recovery codes from a user whose password was proved, with an entry in the audit
    /// trail. Says whether it was done: not when the password is another since, or the user is disabled.
    pub async fn remove_totp(
        &self,
        user_id: i64,
        password_hash: &[u8],
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("remove_totp", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE users SET totp_sealed = NULL, totp_offered = NULL, totp_step = NULL \
                 WHERE user_id = $1 AND password_hash = $2 AND is_disabled = 0",
                &[user_id.arg(), password_hash.arg()],
            )
            .await?;
        if n == 0 {
            return Ok(false);
        }
        tx.run("DELETE FROM recovery_codes WHERE user_id = $1", &[user_id.arg()]).await?;
        tx.commit().await?;
        Ok(true)
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

    /// Begins a session, with an entry in the audit trail; those that ended long ago are forgotten. The step of a code
    /// is taken once: `false` when another sign-in has taken it, or the recovery code is gone; and when the user is
    /// disabled, or has another password than the one that was proved.
    pub async fn begin_session(
        &self,
        session: SessionRow,
        proof: Proof,
        password_hash: Option<&[u8]>,
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
        let n = tx
            .run(
                "UPDATE users SET last_seen_at = $2 WHERE user_id = $1 AND is_disabled = 0 \
                 AND ($3 IS NULL OR password_hash = $3)",
                &[user_id.arg(), at.arg(), Arg::Blob(password_hash)],
            )
            .await?;
        if n == 0 {
            return Ok(false);
        }
        tx.run("DELETE FROM user_sessions WHERE created_at < $1", &[ended_before.arg()]).await?;
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

    /// Attempts of some subjects.
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

    /// Counts an attempt of some subjects before it is judged: whoever has `max` of them, none older than `since`, is
    /// locked until `locked_until`. Says until when one of them is locked already; then nothing is counted. What is
    /// over is forgotten.
    #[boxed]
    pub async fn count_attempt(
        &self,
        subjects: &[String],
        at: i64,
        (since, max, locked_until): (i64, i64, i64),
    ) -> Result<Option<i64>> {
        let mut tx = self.data.begin("count_attempt", "attempts").await?;
        // First, so that those who try at the same time wait for each other here and see what the others have counted.
        bump(&mut tx, "attempts").await?;
        tx.run(
            "DELETE FROM sign_in_failures WHERE locked_until <= $2 OR (locked_until IS NULL AND last_at < $1)",
            &[since.arg(), at.arg()],
        )
        .await?;
        let mut until: Option<i64> = None;
        for subject in subjects {
            let row: Option<(Option<i64>,)> =
                tx.optional("SELECT locked_until FROM sign_in_failures WHERE subject = $1", &[subject.arg()]).await?;
            until = until.max(row.and_then(|(until,)| until));
        }
        if until.is_some() {
            return Ok(until);
        }
        for subject in subjects {
            tx.run(
                "INSERT INTO sign_in_failures (subject, n_failures, last_at) VALUES ($1, 1, $2) \
                 ON CONFLICT (subject) DO UPDATE SET n_failures = sign_in_failures.n_failures + 1, last_at = $2",
                &[subject.arg(), at.arg()],
            )
            .await?;
            tx.run(
                "UPDATE sign_in_failures SET locked_until = $3 WHERE subject = $1 AND n_failures >= $2",
                &[subject.arg(), max.arg(), locked_until.arg()],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(None)
    }

    /// Gives back an attempt of some subjects that was not wrong; a lock goes where fewer than `max` are left.
    #[boxed]
    pub async fn give_back_attempt(&self, subjects: &[String], max: i64) -> Result<()> {
        let mut tx = self.data.begin("give_back_attempt", "attempts").await?;
        bump(&mut tx, "attempts").await?;
        for subject in subjects {
            tx.run(
                "UPDATE sign_in_failures SET n_failures = n_failures - 1, \
                 locked_until = CASE WHEN n_failures > $2 THEN locked_until END WHERE subject = $1",
                &[subject.arg(), max.arg()],
            )
            .await?;
            tx.run("DELETE FROM sign_in_failures WHERE subject = $1 AND n_failures <= 0", &[subject.arg()]).await?;
        }
        tx.commit().await
    }

    /// Forgets the attempts of some subjects.
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
        end_others(&mut tx, user_id, but).await?;
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
    end_others(tx, user_id, None).await
}

async fn end_others(tx: &mut Tx, user_id: i64, but: Option<&[u8; 32]>) -> Result<()> {
    // No session has this hash.
    let none = [0; 32];
    tx.run(
        "DELETE FROM user_sessions WHERE user_id = $1 AND session_hash <> $2",
        &[user_id.arg(), but.unwrap_or(&none).arg()],
    )
    .await?;
    Ok(())
}
