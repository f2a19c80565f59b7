//! Roles, and what each is shown of columns by their grade.

use std::fmt;

use super::permission::{Permission, Permissions};

macro_rules! roles {
    ($( $(#[$doc:meta])* $variant:ident $name:literal $zh:literal $en:literal; )*) => {
        /// What somebody is here for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $( $(#[$doc])* $variant, )* }

        impl Role {
            /// All of them.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// Name.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// In Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $( Self::$variant => $zh, )* }
            }

            /// In English.
            pub const fn en(self) -> &'static str {
                match self { $( Self::$variant => $en, )* }
            }
        }
    };
}

roles! {
    /// Runs the business's side of the platform; everything, unless administrators are separated.
    Admin "admin" "管理员" "administrator";
    /// Reads, queries and builds.
    Analyst "analyst" "分析师" "analyst";
    /// Builds segments and works with them.
    Operator "operator" "运营" "operator";
    /// Looks customers up, one at a time.
    Service "service" "客服" "customer service";
    /// Runs the system, sees no data.
    SystemAdmin "system_admin" "系统管理员" "system administrator";
    /// Says who may do what.
    SecurityAdmin "security_admin" "安全管理员" "security administrator";
    /// Reads what was done.
    AuditAdmin "audit_admin" "审计管理员" "audit administrator";
}

impl Role {
    /// The three that no one person holds two of.
    ///
    /// Source: GB/T 22239-2019 8.1.5.
    pub const SEPARATED: [Self; 3] = [Self::SystemAdmin, Self::SecurityAdmin, Self::AuditAdmin];

    /// The one of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }

    /// Whether it is told anything of customers.
    pub fn sees_customers(self) -> bool {
        use Permission as P;
        let about = [P::FiguresRead, P::ProfilesList, P::ProfilesRead, P::ProfilesAsk, P::SqlRun, P::ExportsMake];
        about.iter().any(|one| one.roles().contains(&self))
    }

    /// How columns are shown to it.
    pub const fn table(self) -> Shows {
        use Shown::{Clear, Full, Partial};
        use Unmask::{Approval, Never, Reason};
        let (by_grade, unmask, min_group) = match self {
            Self::Admin => ([Clear, Clear, Partial, Full], [Reason, Approval], 1),
            Self::Analyst => ([Clear, Clear, Partial, Full], [Approval, Never], 10),
            Self::Operator => ([Clear, Clear, Partial, Full], [Never, Never], 10),
            Self::Service => ([Clear, Clear, Partial, Full], [Reason, Approval], 10),
            Self::SystemAdmin | Self::SecurityAdmin | Self::AuditAdmin => {
                ([Clear, Full, Full, Full], [Never, Never], 10)
            }
        };
        Shows { by_grade, unmask, min_group }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of a value is shown; more is larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Masked whole, or all but its ends.
    Full,
    /// Masked in part.
    Partial,
    /// As it is.
    Clear,
}

impl Shown {
    /// Name: the kind of mask.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Clear => "clear",
        }
    }
}

/// What it takes to see a masked value; less is larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unmask {
    /// It is never shown.
    Never,
    /// Somebody else approves.
    Approval,
    /// A reason, on record.
    Reason,
}

impl Unmask {
    /// Name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Approval => "approval",
            Self::Reason => "reason",
        }
    }
}

/// How columns are shown to a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shows {
    /// By grade 1 to 4.
    pub by_grade: [Shown; 4],
    /// What it takes to see grades 3 and 4.
    pub unmask: [Unmask; 2],
    /// The smallest group of people of which a sum is shown.
    pub min_group: u32,
}

/// What some roles grant together.
pub fn granted(roles: &[Role], separated: bool) -> Permissions {
    let grants = |role: Role, one: Permission| {
        // What is a separated administrator's is no longer the administrator's.
        let is_taken =
            separated && role == Role::Admin && Role::SEPARATED.iter().any(|held| one.roles().contains(held));
        one.roles().contains(&role) && (!is_taken || one == Permission::AccountOwn)
    };
    Permission::ALL.iter().copied().filter(|one| roles.iter().any(|role| grants(*role, *one))).collect()
}

/// How values of a grade are shown to somebody with some roles.
pub fn shows(roles: &[Role], grade: u8) -> Shown {
    let at = usize::from(grade.clamp(1, 4)) - 1;
    roles.iter().map(|role| role.table().by_grade[at]).max().unwrap_or(Shown::Full)
}

/// What it takes for somebody with some roles to see values of a grade in the clear.
pub fn unmasks(roles: &[Role], grade: u8) -> Unmask {
    let at = usize::from(grade.clamp(3, 4)) - 3;
    roles.iter().map(|role| role.table().unmask[at]).max().unwrap_or(Unmask::Never)
}

/// The smallest group of people that somebody with some roles is shown.
pub fn min_group(roles: &[Role]) -> u32 {
    roles.iter().map(|role| role.table().min_group).min().unwrap_or(u32::MAX)
}

/// Why some roles do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleProblem {
    /// Two of the separated three.
    TwoOfThree,
    /// An administrator with one of the three, where they are separated.
    AdminOfThree,
}

/// Whether one person may hold some roles.
pub fn check_roles(roles: &[Role], separated: bool) -> Result<(), RoleProblem> {
    let n = Role::SEPARATED.iter().filter(|role| roles.contains(role)).count();
    if n > 1 {
        return Err(RoleProblem::TwoOfThree);
    }
    if separated && n > 0 && roles.contains(&Role::Admin) {
        return Err(RoleProblem::AdminOfThree);
    }
    Ok(())
}
