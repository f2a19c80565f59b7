//! Who may do what: permissions, roles and the one table that joins them.
//!
//! Owns the words ([`Permission`], [`Role`]), the table ([`granted`], [`Shows`]) and the one decision ([`decide`]). Must not
//! know requests, sessions or where users are stored.
//!
//! - INV-ACCESS-1: what the table does not grant is denied; an unknown word grants nothing.
//! - INV-ACCESS-2: several roles grant what any of them grants, and no more.
//! - INV-ACCESS-3: a key never has more than its owner.
//! - INV-ACCESS-4: nobody holds two of the three separated administrators; where they are separated, neither does an
//!   administrator hold one, nor what is theirs.

mod act;
pub mod password;
mod permission;
mod role;

pub use act::{act_words, acts};
pub use permission::{Permission, Permissions, SECURITY_AREAS};
pub use role::{Role, RoleProblem, Shown, Shows, Unmask, check_roles, granted, min_group, shows, unmasks};

use crate::audience::{Agg, Cmp, Filter, Leaf, Measure, Rule, Source, Test, Window};

/// Which customers somebody may see; all, where nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Provinces of residence.
    pub provinces: Vec<String>,
    /// Stores where they bought.
    pub stores: Vec<String>,
}

impl Scope {
    /// Whether it holds all customers.
    pub fn is_all(&self) -> bool {
        self.provinces.is_empty() && self.stores.is_empty()
    }

    /// The scope as a rule; `None` for all customers.
    pub fn rule(&self) -> Option<Rule> {
        let mut all = Vec::new();
        if !self.provinces.is_empty() {
            all.push(Rule::Is(Leaf::Trait("province".to_owned(), Test::In(self.provinces.clone()))));
        }
        if !self.stores.is_empty() {
            let filters = vec![Filter { field: "store_id".to_owned(), test: Test::In(self.stores.clone()) }];
            let bought = Measure { of: Source::Orders, filters, window: Window::Ever, agg: Agg::Count };
            all.push(Rule::Is(Leaf::Measure(bought, Test::Number(Cmp::Ge, 1.0))));
        }
        (!all.is_empty()).then_some(Rule::All(all))
    }
}

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Means {
    /// Signed in with a password.
    Session,
    /// A key of the API.
    Key,
    /// At the machine itself, with the files.
    Local,
}

/// Whoever acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// `usr_…`, `key_…` or `local:…`: no two have the same.
    pub id: String,
    /// Whose acts they are: a user's name. What is kept belongs to this name.
    pub owner: String,
    /// Name in the audit trail: the owner's, with the key's behind it.
    pub actor: String,
    /// How they came in.
    pub means: Means,
    /// Roles, those of the owner for a key.
    pub roles: Vec<Role>,
    /// Which customers they may see.
    pub scope: Scope,
    /// What they may do.
    pub permissions: Permissions,
    /// Whether they must choose a password of their own before anything else.
    pub must_change_password: bool,
}

impl Principal {
    /// Somebody at the machine itself, who can read keys and files anyway.
    pub fn local(os_user: &str) -> Self {
        let name = format!("local:{os_user}");
        Self {
            id: name.clone(),
            owner: name.clone(),
            actor: name,
            means: Means::Local,
            roles: vec![Role::Admin],
            scope: Scope::default(),
            permissions: Permissions::all(),
            must_change_password: false,
        }
    }
}

impl Principal {
    /// The smallest group of people whose count they are shown.
    pub fn min_group(&self) -> u64 {
        if self.means == Means::Local { 1 } else { u64::from(min_group(&self.roles)) }
    }

    /// The highest grade of columns that they see in the clear for a reason; `None` when none.
    pub fn reveals_up_to(&self) -> Option<u8> {
        // Whoever holds the keys is not asked for another's word.
        if self.means == Means::Local {
            return Some(4);
        }
        [4, 3].into_iter().find(|grade| unmasks(&self.roles, *grade) == Unmask::Reason)
    }

    /// The highest grade of columns that they see in the clear once a second person has approved; `None` when a reason
    /// alone shows as much.
    pub fn reveals_approved(&self) -> Option<u8> {
        let most = [4, 3].into_iter().find(|grade| unmasks(&self.roles, *grade) != Unmask::Never);
        most.filter(|_| most > self.reveals_up_to())
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow,
    /// No; this is missing.
    Deny(Permission),
    /// Not before the password is changed.
    ChangePassword,
}

/// Whether somebody may do something: the one place where that is decided.
pub fn decide(principal: &Principal, permission: Permission) -> Decision {
    if !principal.permissions.holds(permission) {
        Decision::Deny(permission)
    } else if principal.must_change_password && permission != Permission::AccountOwn {
        Decision::ChangePassword
    } else {
        Decision::Allow
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn roles() -> impl Strategy<Value = Vec<Role>> {
        prop::collection::vec(prop::sample::select(Role::ALL), 0..4)
    }

    fn permissions() -> impl Strategy<Value = Permissions> {
        prop::collection::vec(prop::sample::select(Permission::ALL), 0..40).prop_map(|all| all.into_iter().collect())
    }

    fn somebody(permissions: Permissions) -> Principal {
        Principal { permissions, ..Principal::local("x") }
    }

    proptest! {
        /// INV-ACCESS-2
        #[test]
        fn a_union_grants_what_any_grants(left in roles(), right in roles(), separated in any::<bool>()) {
            let both: Vec<Role> = left.iter().chain(&right).copied().collect();
            let union = granted(&both, separated);
            for &one in Permission::ALL {
                let any = both.iter().any(|role| granted(&[*role], separated).holds(one));
                prop_assert_eq!(union.holds(one), any);
            }
        }

        /// INV-ACCESS-3
        #[test]
        fn a_key_has_no_more_than_its_owner(owner in roles(), asked in permissions(), separated in any::<bool>()) {
            let key = granted(&owner, separated).and(asked);
            for &one in Permission::ALL {
                prop_assert!(!key.holds(one) || (granted(&owner, separated).holds(one) && asked.holds(one)));
            }
        }

        /// INV-ACCESS-1
        #[test]
        fn the_decision_is_what_is_held(held in permissions(), asked in prop::sample::select(Permission::ALL)) {
            let somebody = somebody(held);
            let allowed = decide(&somebody, asked) == Decision::Allow;
            prop_assert_eq!(allowed, held.iter().any(|one| one == asked));
            // A password of somebody else's making opens one's own account and nothing more.
            let new = Principal { must_change_password: true, ..somebody };
            let allowed_new = decide(&new, asked) == Decision::Allow;
            prop_assert_eq!(allowed_new, allowed && asked == Permission::AccountOwn);
        }

        /// INV-ACCESS-1
        #[test]
        fn unknown_words_are_nothing(word in "[a-z_.]{0,20}") {
            prop_assert_eq!(Role::parse(&word).is_some(), Role::ALL.iter().any(|role| role.as_str() == word));
            prop_assert_eq!(Permission::parse(&word).is_some(), Permission::ALL.iter().any(|one| one.as_str() == word));
        }

        /// More roles never show less, and never ask for more.
        #[test]
        fn more_roles_never_show_less(left in roles(), right in roles(), grade in 1_u8..=4) {
            let both: Vec<Role> = left.iter().chain(&right).copied().collect();
            prop_assert!(shows(&both, grade) >= shows(&left, grade));
            prop_assert!(unmasks(&both, grade) >= unmasks(&left, grade));
            prop_assert!(left.is_empty() || min_group(&both) <= min_group(&left));
        }

        /// INV-ACCESS-4
        #[test]
        fn the_three_are_never_one(all in roles(), separated in any::<bool>()) {
            let n = Role::SEPARATED.iter().filter(|role| all.contains(role)).count();
            let with_admin = separated && n > 0 && all.contains(&Role::Admin);
            prop_assert_eq!(check_roles(&all, separated).is_ok(), n <= 1 && !with_admin);
        }
    }

    #[test]
    fn nobody_without_a_role_may_do_anything() {
        for separated in [false, true] {
            assert_eq!(granted(&[], separated).iter().count(), 0);
        }
        assert!((1..=4).all(|grade| shows(&[], grade) == Shown::Full && unmasks(&[], grade) == Unmask::Never));
    }

    /// INV-ACCESS-4: whoever decides what people may do neither runs the system nor reads what was done beyond that, and the trail is
    /// read by one who can do neither.
    #[test]
    fn separated_duties_do_not_meet() {
        for &one in Permission::ALL {
            let holders = Role::SEPARATED.iter().filter(|role| granted(&[**role], true).holds(one));
            let by_admin = granted(&[Role::Admin], true).holds(one);
            // The list of users is for all three; whoever reads the whole trail reads its part about access too.
            let is_shared = matches!(one, Permission::UsersRead | Permission::AccountOwn | Permission::AuditSecurity);
            assert!(is_shared || holders.count() + usize::from(by_admin) <= 1, "{one}");
        }
        let audit = granted(&[Role::AuditAdmin], true);
        assert!(audit.holds(Permission::AuditRead) && !audit.holds(Permission::PolicyChange));
        assert!(!granted(&[Role::SecurityAdmin], true).holds(Permission::AuditRead));
    }

    #[test]
    fn one_administrator_may_do_all_where_they_are_not_separated() {
        assert_eq!(granted(&[Role::Admin], false), Permissions::all());
    }

    #[test]
    fn the_table_is_as_it_is_meant() {
        let may = |role: Role, one: Permission| granted(&[role], false).holds(one);
        use Permission as P;
        // Customer service opens whom it looks up, and lists nobody.
        assert!(may(Role::Service, P::ProfilesRead) && may(Role::Service, P::ProfilesUnmask));
        assert!(!may(Role::Service, P::ProfilesList) && !may(Role::Service, P::ExportsMake));
        // Analysts read and query, and see nobody in the clear.
        assert!(
            may(Role::Analyst, P::SqlRun) && may(Role::Analyst, P::SegmentsWrite) && may(Role::Analyst, P::ExportsMake)
        );
        assert_eq!(unmasks(&[Role::Analyst], 3), Unmask::Approval);
        assert!(may(Role::Operator, P::SegmentsWrite) && !may(Role::Operator, P::ExportsMake));
        for role in [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin] {
            assert!(!may(role, P::ProfilesRead) && !may(role, P::SqlRun) && !may(role, P::ExportsMake), "{role}");
        }
        for role in [Role::Analyst, Role::Operator, Role::Service] {
            assert!(!may(role, P::UsersManage) && !may(role, P::RolesAssign) && !may(role, P::AuditRead), "{role}");
        }
    }
}
