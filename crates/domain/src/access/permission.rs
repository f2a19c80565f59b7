//! Permissions: what can be allowed, each with its words and the roles that have it.

use std::fmt;

use super::role::Role;

macro_rules! permissions {
    ($( $(#[$doc:meta])* $variant:ident $name:literal $zh:literal $en:literal [$($role:ident)*]; )*) => {
        /// Something that can be allowed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $( $(#[$doc])* $variant, )* }

        impl Permission {
            /// All of them, in the order of the page of roles.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// Name: area and act.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// What it allows, in Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $( Self::$variant => $zh, )* }
            }

            /// What it allows, in English.
            pub const fn en(self) -> &'static str {
                match self { $( Self::$variant => $en, )* }
            }

            /// The roles that have it.
            pub const fn roles(self) -> &'static [Role] {
                match self { $( Self::$variant => &[$( Role::$role, )*], )* }
            }
        }
    };
}

permissions! {
    /// Figures, scores, sizes of segments, history: sums over many.
    FiguresRead "figures.read" "看指标、总览、RFM 与历史" "see figures, overview, RFM and history"
        [Admin Analyst Operator];
    /// Goals of figures.
    GoalsWrite "goals.write" "设定指标目标" "set goals of figures" [Admin Analyst];
    /// Lists of customers, masked.
    ProfilesList "profiles.list" "列出客户（脱敏）" "list customers, masked" [Admin Analyst Operator];
    /// One customer, masked, by id or exact look-up.
    ProfilesRead "profiles.read" "打开一位客户（脱敏）、按值查找" "open one customer, masked; look up by value"
        [Admin Analyst Operator Service];
    /// Personal values in the clear, as the grades of the role allow.
    ProfilesUnmask "profiles.unmask" "查看个人信息明文（须写理由，记入审计）"
        "see personal values in the clear, with a reason, on record" [Admin Service];
    /// Personal values in the clear once somebody else has approved, as the grades of the role allow.
    ProfilesAsk "profiles.ask" "申请查看个人信息明文（须他人批准）"
        "ask to see personal values in the clear, which somebody else approves" [Admin Analyst Service];
    /// Tags put on customers by hand.
    ProfilesTag "profiles.tag" "给客户打手工标签" "put tags on customers by hand" [Admin Operator Service];
    /// Who is who, decided by hand.
    IdentityDecide "identity.decide" "判定客户是否为同一人（合并、拆分、撤销）"
        "decide whether customers are one person: merge, split, undo" [Admin Service];
    /// Segments and what they hold.
    SegmentsRead "segments.read" "看分群" "see segments" [Admin Analyst Operator];
    /// Segments made and changed.
    SegmentsWrite "segments.write" "新建和修改分群" "make and change segments" [Admin Analyst Operator];
    /// Tags and what they mean.
    TagsRead "tags.read" "看标签" "see tags" [Admin Analyst Operator Service];
    /// Tags made and changed.
    TagsWrite "tags.write" "新建和修改标签" "make and change tags" [Admin Analyst Operator];
    /// Everything derived, computed anew.
    DataRefresh "data.refresh" "重算标签、分群与 RFM" "compute tags, segments and RFM anew" [Admin Analyst];
    /// Rules of RFM and identity.
    RulesWrite "rules.write" "修改 RFM 与身份规则" "change the rules of RFM and identity" [Admin];
    /// Views of pages.
    ViewsUse "views.use" "保存和使用视图" "keep and use views" [Admin Analyst Operator];
    /// Files of customers, masked.
    ExportsMake "exports.make" "导出文件（脱敏，记入审计）" "make export files, masked, on record" [Admin Analyst];
    /// Loads and their reports.
    ImportsRead "imports.read" "看导入记录、隔离行与数据质量" "see loads, rows set aside and data quality"
        [Admin Analyst];
    /// Files loaded, rows repaired.
    ImportsRun "imports.run" "导入文件、修复并重放隔离行" "load files, repair and replay rows" [Admin];
    /// Sources and what arrives.
    SourcesRead "sources.read" "看实时数据与数据源状态" "see live events and how sources do" [Admin Analyst];
    /// Sources with their keys.
    SourcesManage "sources.manage" "管理数据源及写入密钥" "manage sources and their write keys" [Admin];
    /// Codes to be scanned.
    BindingsManage "bindings.manage" "生成和撤销绑定二维码" "make and withdraw codes that bind" [Admin Operator Service];
    /// Any SELECT over all tables, masked.
    SqlRun "sql.run" "运行只读 SQL（脱敏）" "run read-only SQL, masked" [Admin Analyst];
    /// Consents.
    ConsentsRead "consents.read" "看同意记录" "see consents" [Admin Operator Service];
    /// Consents given and withdrawn.
    ConsentsWrite "consents.write" "记录同意与撤回" "record consents and withdrawals" [Admin Service];
    /// Requests of persons, begun.
    RequestsStart "requests.start" "受理个人权利请求" "take requests of persons" [Admin Service];
    /// Requests of persons, answered.
    RequestsDecide "requests.decide" "处理个人权利请求" "answer requests of persons" [Admin];
    /// Erasure, approved.
    ErasureApprove "erasure.approve" "批准删除" "approve erasure" [Admin SecurityAdmin];
    /// Own password, second factor.
    AccountOwn "account.own" "管理自己的密码与两步验证" "manage the own password and second factor"
        [Admin Analyst Operator Service SystemAdmin SecurityAdmin AuditAdmin];
    /// Accounts seen.
    UsersRead "users.read" "看用户与角色" "see users and roles" [Admin SystemAdmin SecurityAdmin AuditAdmin];
    /// Accounts made, disabled, unlocked, reset.
    UsersManage "users.manage" "新建、停用、解锁用户，重置密码" "make, disable, unlock and reset users"
        [Admin SystemAdmin];
    /// Roles and rows given.
    RolesAssign "roles.assign" "分配角色与数据范围" "give roles and the rows they see" [Admin SecurityAdmin];
    /// How roles work here.
    PolicyChange "policy.change" "更改权限策略（如三员分立）" "change how roles work, as separated administrators"
        [Admin SecurityAdmin];
    /// The trail of acts.
    AuditRead "audit.read" "看审计记录" "read the audit trail" [Admin AuditAdmin];
    /// Of the trail, what is about access ([`SECURITY_AREAS`](super::SECURITY_AREAS)).
    AuditSecurity "audit.security" "看授权、安全事件与额度的审计记录" "read what the audit trail says of access, incidents and budgets"
        [Admin SecurityAdmin AuditAdmin];
    /// Approvals decided.
    ApprovalsDecide "approvals.decide" "审批（不能批准自己的申请）" "approve or refuse, never what they asked for themselves"
        [Admin SecurityAdmin];
    /// Incidents seen and decided, budgets changed.
    IncidentsManage "incidents.manage" "处置安全事件、设定额度" "decide on incidents and set budgets" [Admin SecurityAdmin];
    /// Own keys of the API.
    KeysManage "keys.manage" "创建和撤销自己的 API 密钥" "make and revoke own API keys" [Admin Analyst Operator];
    /// The register of processing, and impact assessments.
    ComplianceManage "compliance.manage" "看处理活动登记、记录影响评估" "read the register of processing and record impact assessments"
        [Admin SecurityAdmin];
    /// Keys of people's data disabled and enabled.
    EncryptionDisable "encryption.disable" "停用和启用数据密钥（怀疑泄露时）"
        "disable and enable the keys of people's data, when a leak is suspected" [Admin SecurityAdmin];
    /// Settings of the workspace.
    WorkspaceManage "workspace.manage" "修改工作区设置" "change the workspace's settings" [Admin];
    /// Copies made and restored.
    BackupRun "backup.run" "备份与恢复" "make and restore copies" [Admin SystemAdmin];
    /// The system run and examined.
    SystemRun "system.run" "运行与体检系统" "run and examine the system" [Admin SystemAdmin];
}

/// How the actions of the audit trail begin that are about access: who was let in or refused, who was given another way
/// in, what was approved, what went wrong, and the policies. Running the system and working with customers is not among
/// them.
pub const SECURITY_AREAS: [&str; 15] = [
    "access.",
    "account.",
    "approval.",
    "assessment.",
    "canary.",
    "guard.",
    "incident.",
    "key.",
    "keys.disable",
    "keys.enable",
    "policy.",
    "retention.",
    "user.change",
    "user.reset",
    "user.sso",
];

impl Permission {
    /// The one of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == name)
    }

    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u64);

impl Permissions {
    /// All that there are.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether it holds one.
    pub const fn holds(self, one: Permission) -> bool {
        self.0 & one.bit() != 0
    }

    /// What both hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those held, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |one| self.holds(*one))
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::as_str).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |bits, one| bits | one.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_words_are_there() {
        assert!(Permission::ALL.len() <= 64);
        for &one in Permission::ALL {
            assert_eq!(Permission::parse(one.as_str()), Some(one));
            assert!(one.as_str().split_once('.').is_some_and(|(area, act)| !area.is_empty() && !act.is_empty()));
            assert!(!one.zh().is_empty() && !one.en().is_empty() && !one.roles().is_empty());
            assert!(one.roles().contains(&Role::Admin), "{one}: one administrator may do all");
        }
    }
}
