//! What holds for every ledger.

use proptest::prelude::*;

use super::*;

fn statement() -> impl Strategy<Value = Statement> {
    ((0_i64..12), any::<bool>(), 0_u8..4, any::<bool>(), any::<bool>()).prop_map(
        |(at, granted, version, has_evidence, by_guardian)| Statement {
            at,
            granted,
            policy_version: version.to_string(),
            has_evidence,
            by_guardian,
        },
    )
}

fn ledger() -> impl Strategy<Value = Vec<Statement>> {
    prop::collection::vec(statement(), 0..10)
}

fn purpose() -> impl Strategy<Value = Purpose> {
    let policies = prop::collection::vec((0_i64..12, any::<bool>()), 1..4);
    (prop::sample::select(built_in()), prop::sample::select(Basis::ALL.to_vec()), policies).prop_map(
        |(purpose, basis, mut policies)| {
            policies.sort_unstable();
            let policies = policies.into_iter().enumerate().map(|(number, (since, accepts_older))| Policy {
                version: number.to_string(),
                since,
                accepts_older,
            });
            Purpose { basis, policies: policies.collect(), ..purpose }
        },
    )
}

proptest! {
    /// INV-CONSENT-1.
    #[test]
    fn the_order_of_arrival_changes_nothing(ledger in ledger(), purpose in purpose(), at in 0_i64..14, turn in 0_usize..10) {
        let mut other = ledger.clone();
        other.reverse();
        if !other.is_empty() {
            let n = other.len();
            other.rotate_left(turn % n);
            other.push(other[0].clone());
        }
        prop_assert_eq!(latest(&ledger, at), latest(&other, at));
        prop_assert_eq!(state(&ledger, Some(&purpose), at), state(&other, Some(&purpose), at));
    }

    /// INV-CONSENT-1: the later wins, and a withdrawal at the same instant.
    #[test]
    fn the_latest_counts(ledger in ledger(), at in 0_i64..14) {
        let known: Vec<&Statement> = ledger.iter().filter(|one| one.at <= at).collect();
        let newest = known.iter().map(|one| one.at).max();
        let of_newest = || known.iter().filter(|one| Some(one.at) == newest);
        let expected = match newest {
            None => State::Unknown,
            Some(_) if of_newest().any(|one| !one.granted) => State::Withdrawn,
            Some(_) => State::Granted,
        };
        prop_assert_eq!(state(&ledger, None, at), expected);
    }

    /// INV-CONSENT-2.
    #[test]
    fn nothing_from_before_undoes_a_withdrawal(mut ledger in ledger(), older in ledger(), at in 5_i64..14) {
        ledger.retain(|one| one.at < at);
        ledger.push(Statement { at, granted: false, policy_version: "0".into(), has_evidence: false, by_guardian: false });
        ledger.extend(older.into_iter().filter(|one| one.at <= at));
        prop_assert_eq!(state(&ledger, None, at), State::Withdrawn);
        prop_assert_eq!(state(&ledger, None, i64::MAX), State::Withdrawn);
    }

    /// INV-CONSENT-3, against the definition written out.
    #[test]
    fn nothing_is_used_that_was_not_allowed(
        said in ledger(), said_of_profiling in ledger(), purpose in purpose(), at in 0_i64..14, is_minor in any::<bool>(),
    ) {
        let subject = Subject { said: &said, said_of_profiling: &said_of_profiling, is_minor };
        let answer = may(subject, &purpose, at);
        let said_last = latest(&said, at);
        let refused = said_last.is_some_and(|one| !one.granted);
        if purpose.basis.is_duty() {
            prop_assert_eq!(answer, Ok(()));
        } else if answer.is_ok() {
            prop_assert!(!refused);
            prop_assert!(!purpose.is_profiling || latest(&said_of_profiling, at).is_none_or(|one| one.granted));
            prop_assert!(!is_minor || said_last.is_some_and(|one| one.by_guardian));
            if purpose.basis == Basis::Consent {
                prop_assert_eq!(state(&said, Some(&purpose), at), State::Granted);
                prop_assert!(purpose.separate.is_none() || said_last.is_some_and(|one| one.has_evidence));
            }
        } else if !is_minor && purpose.basis == Basis::LegitimateInterest {
            prop_assert_eq!(answer, Err(Refusal::OptedOut));
        }
    }

    /// A withdrawal counts for the very next decision.
    #[test]
    fn whoever_takes_it_back_is_left_out(mut said in ledger(), purpose in purpose(), at in 0_i64..14) {
        said.push(Statement { at, granted: false, policy_version: "9".into(), has_evidence: false, by_guardian: false });
        said.retain(|one| one.at <= at);
        let answer = may(Subject { said: &said, ..Subject::default() }, &purpose, at);
        prop_assert_eq!(answer.is_ok(), purpose.basis.is_duty());
    }
}

/// INV-CONSENT-4.
#[test]
fn separate_consents_are_not_bundled() {
    let all = built_in();
    let of = |code: &str| all.iter().find(|purpose| purpose.code == code).unwrap();
    let yes = |code: &str, evidence: &'static str| Said { purpose: of(code), granted: true, evidence };
    assert_eq!(check_act(&[yes("marketing_sms", ""), yes("marketing_email", "")]), Ok(()));
    assert_eq!(check_act(&[yes("marketing_sms", ""), yes("abroad", "doc 1")]), Ok(()));
    assert_eq!(check_act(&[yes("abroad", " ")]), Err(ActProblem::NoEvidence("abroad")));
    let bundled = check_act(&[yes("abroad", "doc 1"), yes("sensitive", "doc 1")]);
    assert_eq!(bundled, Err(ActProblem::Bundled("abroad", "sensitive")));
    assert_eq!(check_act(&[yes("abroad", "doc 1"), yes("sensitive", "doc 2")]), Ok(()));
    // Taking back is as easy as can be: several at once, without proof.
    let no = |code: &str| Said { purpose: of(code), granted: false, evidence: "" };
    assert_eq!(check_act(&[no("abroad"), no("sensitive")]), Ok(()));
    assert_eq!(check_act(&[no("service")]), Err(ActProblem::NotAsked("service")));
}
