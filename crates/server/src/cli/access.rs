//! What every command needs, and `zhike user`, `zhike api-key`, `zhike role`.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::access::{Permission as P, Role as DomainRole, Scope};
use zhike_domain::id::{ApiKeyId, UserId};
use zhike_engine::Ctx;
use zhike_engine::accounts::{self, Change, NewApiKey, NewUser};

use super::alert::Alert;
use super::analyze::Does;
use super::bind::Bind;
use super::compliance::Compliance;
use super::consent::Consent;
use super::grade::Grade;
use super::history::History;
use super::identity::{Golden, Identity, Policy};
use super::key::Key;
use super::kpi::{GoalCommand, Kpi};
use super::model::Model;
use super::profile::Profile;
use super::quarantine::Quarantine;
use super::refresh::Rules;
use super::request::Request;
use super::segment::Segment;
use super::source::{CommerceCommand, PlanCommand, Source};
use super::sso::Sso;
use super::tag::Tag;
use super::target::Target;
use super::watch::{Approvals, Audit, Budget, Canary, Incident};
use super::{Command, Failure, Format, Global, Lang, Outcome};
use crate::http::users::{ApiKeyBody, RolesBody, UserBody};
use crate::output::{print_json, print_rows};

impl Command {
    /// The permission of a command: a new one does not compile without.
    pub(super) fn needs(&self) -> P {
        match self {
            Self::Demo(_) | Self::Init(_) => P::WorkspaceManage,
            Self::Serve(_) | Self::Backup(_) | Self::Restore(_) | Self::Doctor(_) | Self::Bench(_) | Self::Gen(_) => {
                P::SystemRun
            }
            Self::Source(Source::List | Source::Show { .. }) => P::SourcesManage,
            Self::Source(Source::Create(_) | Source::Update(_) | Source::RotateKey { .. }) => P::SourcesManage,
            Self::Source(Source::Plan(PlanCommand::Show { .. } | PlanCommand::Set { .. })) => P::SourcesManage,
            Self::Source(Source::Commerce(CommerceCommand::Show { .. } | CommerceCommand::Set { .. })) => {
                P::SourcesManage
            }
            Self::Bind(Bind::Create(_) | Bind::List | Bind::Show { .. } | Bind::Revoke { .. }) => P::BindingsManage,
            Self::Tail(_) => P::SourcesRead,
            Self::Import(_) | Self::Mapping(_) => P::ImportsRun,
            Self::Imports(_) | Self::Quarantine(Quarantine::List { .. }) => P::ImportsRead,
            Self::Quarantine(Quarantine::Show { .. }) => P::ProfilesUnmask,
            Self::Quarantine(Quarantine::Repair { .. } | Quarantine::Replay { .. }) => P::ImportsRun,
            Self::Refresh(_) => P::DataRefresh,
            Self::Rules(Rules::Show) => P::FiguresRead,
            Self::Rules(Rules::Set { .. }) => P::RulesWrite,
            Self::Identity(identity) => match identity {
                Identity::Explain { .. }
                | Identity::Acts { .. }
                | Identity::Policy(Policy::Show)
                | Identity::Golden(Golden::Show | Golden::Explain { .. }) => P::ProfilesRead,
                Identity::Merge { .. }
                | Identity::Split { .. }
                | Identity::Undo { .. }
                | Identity::Match
                | Identity::Review { .. } => P::IdentityDecide,
                Identity::Health => P::ImportsRead,
                Identity::Policy(Policy::Preview { .. } | Policy::Set { .. })
                | Identity::Golden(Golden::Preview { .. } | Golden::Set { .. }) => P::RulesWrite,
            },
            Self::Segment(segment) => match segment {
                Segment::Put { .. } | Segment::Refresh { .. } | Segment::Import { .. } | Segment::Archive { .. } => {
                    P::SegmentsWrite
                }
                Segment::Members { .. } => P::ProfilesList,
                Segment::List
                | Segment::Show { .. }
                | Segment::Count { .. }
                | Segment::Why { .. }
                | Segment::Sizes { .. }
                | Segment::Overlap { .. }
                | Segment::Compare { .. } => P::SegmentsRead,
            },
            Self::Export(_) => P::ExportsMake,
            Self::Tag(tag) => match tag {
                Tag::List | Tag::Show { .. } | Tag::Packs { .. } | Tag::Why { .. } => P::TagsRead,
                Tag::Put { .. } | Tag::Drop { .. } => P::TagsWrite,
                Tag::Refresh { .. } => P::DataRefresh,
                Tag::Of { .. } => P::ProfilesRead,
                Tag::Set { .. } | Tag::Remove { .. } => P::ProfilesTag,
            },
            Self::History(History::Movers { .. }) => P::ProfilesList,
            Self::History(History::Of { .. }) => P::ProfilesRead,
            Self::History(History::Days { .. } | History::Moves { .. } | History::Changes { .. }) => P::FiguresRead,
            Self::Model(model) => match model {
                Model::Train { .. } => P::DataRefresh,
                Model::Settings { file: Some(_) } | Model::Advice { file: Some(_) } => P::RulesWrite,
                Model::Of { .. } => P::ProfilesRead,
                Model::List { .. }
                | Model::Card { .. }
                | Model::Board
                | Model::Settings { .. }
                | Model::Advice { .. } => P::FiguresRead,
            },
            Self::Target(target) => match target {
                Target::List | Target::Show { .. } | Target::Sheet { .. } => P::FiguresRead,
                Target::Create { .. } | Target::Set { .. } | Target::Read { .. } | Target::Remove { .. } => {
                    P::GoalsWrite
                }
                Target::Accounts { save: Some(_), .. } => P::SegmentsWrite,
                Target::Accounts { .. } => P::ProfilesList,
            },
            Self::Alert(alert) => match alert {
                Alert::List { .. } | Alert::Ack { .. } => P::FiguresRead,
                Alert::Check => P::DataRefresh,
                Alert::Mail(_) | Alert::Hooks(_) => P::WorkspaceManage,
            },
            Self::Kpi(Kpi::Behind { .. }) => P::ProfilesList,
            Self::Kpi(Kpi::Goal(GoalCommand::Set { .. } | GoalCommand::Remove { .. })) => P::GoalsWrite,
            Self::Kpi(
                Kpi::List { .. }
                | Kpi::Show { .. }
                | Kpi::Forecast { .. }
                | Kpi::Unusual { .. }
                | Kpi::Goal(GoalCommand::List { .. }),
            ) => P::FiguresRead,
            Self::Analyze(analyze) => match analyze.does() {
                Does::Numbers => P::FiguresRead,
                Does::People => P::ProfilesList,
                Does::Saves => P::SegmentsWrite,
                Does::Person => P::ProfilesRead,
            },
            Self::Sql(_) => P::SqlRun,
            Self::Profile(Profile::Ask { .. } | Profile::Show { approval: Some(_), .. }) => P::ProfilesAsk,
            Self::Profile(Profile::Show { unmask: Some(_), .. }) => P::ProfilesUnmask,
            Self::Profile(Profile::Show { .. }) => P::ProfilesRead,
            Self::Profile(Profile::Correct { .. }) => P::RequestsDecide,
            Self::Consent(Consent::Purposes { file: None } | Consent::Show { .. }) => P::ConsentsRead,
            Self::Consent(Consent::Purposes { file: Some(_) }) => P::PolicyChange,
            Self::Consent(Consent::Set { .. } | Consent::Import { .. }) => P::ConsentsWrite,
            Self::Request(Request::List | Request::New { .. } | Request::Check { .. }) => P::RequestsStart,
            Self::Request(Request::Copy { .. } | Request::Do { .. } | Request::Refuse { .. }) => P::RequestsDecide,
            Self::Erase(erase) if erase.is_order() => P::ErasureApprove,
            Self::Erase(_) => P::RequestsStart,
            Self::Key(Key::Disable { .. } | Key::Enable { .. }) => P::EncryptionDisable,
            Self::Key(Key::Status | Key::Rotate | Key::DestroyOld | Key::Public { .. }) => P::SystemRun,
            Self::Retention(retention) if retention.is_run() => P::ErasureApprove,
            Self::Retention(_) => P::PolicyChange,
            Self::User(User::List) => P::UsersRead,
            Self::User(User::Roles { .. }) => P::RolesAssign,
            Self::User(
                User::Add { .. }
                | User::Disable { .. }
                | User::Enable { .. }
                | User::Reset { .. }
                | User::Unlock { .. },
            ) => P::UsersManage,
            Self::Sso(Sso::Show | Sso::Set(_) | Sso::Remove) => P::PolicyChange,
            Self::Sso(Sso::Link { .. } | Sso::Unlink { .. }) => P::UsersManage,
            Self::Audit(Audit::List { .. } | Audit::Verify { .. } | Audit::Roots | Audit::Trace { .. }) => P::AuditRead,
            Self::Approval(Approvals::List) => P::AccountOwn,
            Self::Approval(Approvals::Approve { .. } | Approvals::Refuse { .. }) => P::ApprovalsDecide,
            Self::Incident(Incident::List | Incident::Show { .. } | Incident::Act { .. } | Incident::Hook(_)) => {
                P::IncidentsManage
            }
            Self::Budget(Budget::Show | Budget::Set { .. }) => P::IncidentsManage,
            Self::Compliance(
                Compliance::Register { .. } | Compliance::List | Compliance::Show { .. } | Compliance::Assess { .. },
            ) => P::ComplianceManage,
            Self::Grade(Grade::List | Grade::Set { .. }) => P::PolicyChange,
            Self::Canary(Canary::Add { .. } | Canary::Remove { .. } | Canary::List) => P::IncidentsManage,
            Self::ApiKey(ApiKey::Add { .. } | ApiKey::List | ApiKey::Revoke { .. }) => P::KeysManage,
            Self::Role(Role::List) => P::AccountOwn,
            Self::Role(Role::Separate | Role::Join) => P::PolicyChange,
        }
    }
}

/// Whether a command of a permission leaves an entry of its own: those whose use cases write none.
pub(super) fn is_recorded(needs: P) -> bool {
    matches!(
        needs,
        P::WorkspaceManage
            | P::SourcesManage
            | P::ImportsRun
            | P::DataRefresh
            | P::RulesWrite
            | P::SegmentsWrite
            | P::TagsWrite
            | P::ProfilesTag
            | P::GoalsWrite
    )
}

/// Who is signed in at this machine, by the system's own list.
pub(super) fn os_user() -> String {
    use std::os::unix::fs::MetadataExt;
    let from_system = || {
        let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
        let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = known.lines().find_map(|line| {
            let mut parts = line.split(':');
            let name = parts.next()?;
            (parts.nth(1) == Some(uid.as_str())).then(|| name.to_owned())
        });
        Some(name.unwrap_or(uid))
    };
    from_system().or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "unknown".to_owned())
}

/// People who sign in.
#[derive(Subcommand)]
pub(super) enum User {
    /// Make a user and print a one-time password.
    Add {
        /// Name to sign in with.
        name: String,
        /// Role; several times for several.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Name to be shown.
        #[arg(long, default_value = "")]
        display_name: String,
        /// Province whose customers they see; several times for several. All when absent.
        #[arg(long = "province", value_name = "PROVINCE")]
        provinces: Vec<String>,
        /// Store whose customers they see; several times for several. All when absent.
        #[arg(long = "store", value_name = "STORE")]
        stores: Vec<String>,
    },
    /// List users.
    List,
    /// Let somebody in no more; sessions end at once, keys stop.
    Disable {
        /// Name or id.
        user: String,
    },
    /// Let somebody in again.
    Enable {
        /// Name or id.
        user: String,
    },
    /// Put other roles in place of a user's.
    Roles {
        /// Name or id.
        user: String,
        /// Roles; none takes all away.
        roles: Vec<String>,
    },
    /// Print a new one-time password; sessions end, the second factor goes.
    Reset {
        /// Name or id.
        user: String,
    },
    /// Forget wrong attempts.
    Unlock {
        /// Name or id.
        user: String,
    },
}

pub(super) async fn id_of(ctx: &Ctx, user: &str) -> Result<UserId, Failure> {
    let found = accounts::list(ctx).await?.into_iter().find(|one| one.name == user || one.id.to_string() == user);
    found.map(|one| one.id).ok_or_else(|| {
        Failure::new(
            format!("there is no user {user:?}: see zhike user list"),
            format!("没有用户 {user}：见 zhike user list"),
        )
    })
}

impl User {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let by = &global.by();
        let change = |change: Change, user: String| async move {
            let user: UserBody = accounts::update(ctx, by, id_of(ctx, &user).await?, change).await?.into();
            print_json(&user)
        };
        match self {
            Self::Add { name, roles, display_name, provinces, stores } => {
                let new = NewUser { name, display_name, roles, scope: Scope { provinces, stores } };
                let (user, word) = accounts::create(ctx, by, new).await?;
                tell_word(global, &user.name, word.expose())
            }
            Self::List => {
                let users: Vec<UserBody> = accounts::list(ctx).await?.into_iter().map(UserBody::from).collect();
                if global.format == Format::Json {
                    return print_json(&users);
                }
                let rows = users.iter().map(|user| {
                    let seen = user.last_seen_at.clone().unwrap_or_else(|| "--".into());
                    let state = match (user.disabled, &user.locked_until) {
                        (true, _) => "disabled".to_owned(),
                        (false, Some(until)) => format!("locked until {until}"),
                        (false, None) => "active".to_owned(),
                    };
                    [user.name.clone(), user.roles.join(" "), user.provinces.join(" "), state, seen]
                });
                print_rows(global.format, ["name", "roles", "provinces", "state", "last_seen_at"], rows)?;
                Ok(())
            }
            Self::Disable { user } => change(Change { is_disabled: Some(true), ..Change::default() }, user).await,
            Self::Enable { user } => change(Change { is_disabled: Some(false), ..Change::default() }, user).await,
            Self::Roles { user, roles } => change(Change { roles: Some(roles), ..Change::default() }, user).await,
            Self::Reset { user } => {
                let id = id_of(ctx, &user).await?;
                let word = accounts::reset(ctx, by, id).await?;
                tell_word(global, &user, word.expose())
            }
            Self::Unlock { user } => Ok(accounts::unlock(ctx, by, id_of(ctx, &user).await?).await?),
        }
    }
}

fn tell_word(global: &Global, name: &str, word: &str) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&serde_json::json!({ "name": name, "password": word }));
    }
    let mut out = std::io::stdout().lock();
    match global.lang() {
        Lang::Zh => writeln!(out, "{name} 的一次性密码（首次登录须修改）：{word}")?,
        Lang::En => writeln!(out, "one-time password of {name}, to be changed at the first sign-in: {word}")?,
    }
    Ok(())
}

/// Keys for programs.
#[derive(Subcommand)]
pub(super) enum ApiKey {
    /// Make a key and print its secret, once.
    Add {
        /// Name.
        name: String,
        /// Name of the user whose key it is; it has no more than they have.
        #[arg(long)]
        owner: String,
        /// Permission; several times for several.
        #[arg(long = "permission", value_name = "PERMISSION", required = true)]
        permissions: Vec<String>,
        /// After how many days it ends.
        #[arg(long, default_value_t = 90)]
        days: i64,
    },
    /// List keys in force.
    List,
    /// Revoke a key; it lets nobody in from then on.
    Revoke {
        /// `key_…`
        key: ApiKeyId,
    },
}

impl ApiKey {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let by = &global.by();
        match self {
            Self::Add { name, owner, permissions, days } => {
                let (key, secret) =
                    accounts::create_key(ctx, by, &owner, NewApiKey { name, permissions, days }).await?;
                if global.format == Format::Json {
                    let key = ApiKeyBody::from(key);
                    return print_json(&serde_json::json!({ "key": secret.expose(), "api_key": key }));
                }
                writeln!(std::io::stdout(), "{}", secret.expose())?;
                Ok(())
            }
            Self::List => {
                let keys: Vec<ApiKeyBody> = accounts::keys(ctx, by).await?.into_iter().map(ApiKeyBody::from).collect();
                if global.format == Format::Json {
                    return print_json(&keys);
                }
                let rows = keys.iter().map(|key| {
                    let used = key.last_used_at.clone().unwrap_or_else(|| "--".into());
                    let permissions = key.permissions.join(" ");
                    [key.key_id.clone(), key.name.clone(), key.owner.clone(), permissions, key.expires_at.clone(), used]
                });
                print_rows(
                    global.format,
                    ["key_id", "name", "owner", "permissions", "expires_at", "last_used_at"],
                    rows,
                )?;
                Ok(())
            }
            Self::Revoke { key } => Ok(accounts::revoke_key(ctx, by, key).await?),
        }
    }
}

/// Roles.
#[derive(Subcommand)]
pub(super) enum Role {
    /// Show roles and what they may do.
    List,
    /// Let system, security and audit administrators be three people.
    Separate,
    /// Let one administrator do everything again.
    Join,
}

impl Role {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let separated = match self {
            Self::List => accounts::policy(ctx).await?.separated,
            Self::Separate | Self::Join => {
                let separated = matches!(self, Self::Separate);
                accounts::set_separated(ctx, &global.by(), separated).await?;
                separated
            }
        };
        let body = RolesBody::new(separated);
        if global.format == Format::Json {
            return print_json(&body);
        }
        let is_zh = global.lang() == Lang::Zh;
        let rows = P::ALL.iter().map(|one| {
            let mark = |at: usize| {
                let held = body.roles.get(at).is_some_and(|role| role.grants.get(one.as_str()) == Some(&true));
                if held { "+".to_owned() } else { String::new() }
            };
            let words = if is_zh { one.zh() } else { one.en() };
            let mut row = vec![one.as_str().to_owned(), words.to_owned()];
            row.extend((0..DomainRole::ALL.len()).map(mark));
            <[String; 9]>::try_from(row).unwrap_or_default()
        });
        let heads = [
            "permission",
            "",
            "admin",
            "analyst",
            "operator",
            "service",
            "system_admin",
            "security_admin",
            "audit_admin",
        ];
        print_rows(global.format, heads, rows)?;
        Ok(())
    }
}
