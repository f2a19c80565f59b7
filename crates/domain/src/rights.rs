//! Requests of persons: what they may ask for, by when it is to be answered, and how a request moves on.
//!
//! Owns the kinds, the steps and the reasons of refusal. Must not know where requests are kept nor how one is carried out.
//!
//! - INV-RIGHTS-1: nothing is carried out before it was checked who asks, and nothing is refused without a reason.

use crate::audience::date_of;
use crate::kpi::holidays;
use crate::worded::worded;

worded! {
    /// What a person asks for.
    RequestKind {
        /// To see what is held.
        Access "access" "查阅" "access",
        /// To get a copy.
        Copy "copy" "复制" "copy",
        /// To have it handed to somebody else.
        Portability "portability" "转移" "portability",
        /// To have it corrected or completed.
        Correction "correction" "更正、补充" "correction",
        /// To have it deleted.
        Deletion "deletion" "删除" "deletion",
        /// To be told why something was decided.
        Explanation "explanation" "解释说明" "explanation",
        /// To take back a consent.
        Withdrawal "withdrawal" "撤回同意" "withdrawal",
        /// Not to be profiled.
        OptOut "opt_out" "拒绝个性化" "opt-out of profiling",
        /// Of the next of kin of somebody who has died.
        NextOfKin "next_of_kin" "死者近亲属" "next of kin",
    }
}

worded! {
    /// How far a request has come.
    RequestStatus {
        /// Entered.
        New "new" "待核身" "new",
        /// It was checked who asks.
        Checked "checked" "已核身" "checked",
        /// Granted, and being carried out.
        Doing "doing" "处理中" "doing",
        /// Carried out.
        Done "done" "已完成" "done",
        /// Refused, for a reason.
        Refused "refused" "已拒绝" "refused",
    }
}

worded! {
    /// Why a request is refused.
    RequestRefusal {
        /// It could not be found out who asks.
        NotIdentified "not_identified" "无法核实身份" "the person could not be identified",
        /// Nothing is held about the person.
        NothingHeld "nothing_held" "没有该个人的信息" "nothing is held about the person",
        /// The law forbids it, or demands that the data be kept.
        LegalDuty "legal_duty" "法律、行政法规另有规定" "the law demands otherwise",
        /// A legal period of keeping still runs.
        RetentionPeriod "retention_period" "法定保存期限未届满" "a legal period of keeping still runs",
        /// It would harm somebody else.
        OthersRights "others_rights" "会损害他人权益" "it would harm somebody else",
        /// It cannot be done technically.
        NotFeasible "not_feasible" "技术上难以实现" "it is technically not feasible",
        /// The same was asked again and again.
        Repeated "repeated" "无正当理由的重复请求" "repeated without a reason",
        /// The person took it back.
        TakenBack "taken_back" "本人撤回请求" "the person took it back",
    }
}

/// Calendar days within which a request is answered at the latest.
pub const DAYS: i64 = 30;
/// Working days within which deletion, withdrawal and opt-out are answered.
pub const WORKING_DAYS: i64 = 15;

impl RequestKind {
    /// Whether its time runs in working days.
    pub const fn in_working_days(self) -> bool {
        matches!(self, Self::Deletion | Self::Withdrawal | Self::OptOut)
    }

    /// The last day on which one that arrived on a day is to be answered.
    ///
    /// Working days are Monday to Friday without the feasts of the law on public holidays; the weekends that the yearly
    /// notices move are not known, nor are feasts after 2030.
    pub fn due_on(self, received_on: i64) -> i64 {
        let last = received_on + DAYS;
        if !self.in_working_days() {
            return last;
        }
        let mut day = received_on;
        let mut left = WORKING_DAYS;
        while left > 0 {
            day += 1;
            left -= i64::from(is_working_day(day));
        }
        // A long feast does not lengthen the time beyond that of every other request.
        day.min(last)
    }

    /// Whether the whole of a person's data leaves with it, to the person: next of kin name in a request of their own what of
    /// it they are to get.
    pub const fn hands_out(self) -> bool {
        matches!(self, Self::Access | Self::Copy | Self::Portability)
    }
}

fn is_working_day(day: i64) -> bool {
    let is_weekday = date_of(day).is_some_and(|date| date.weekday().to_monday_one_offset() <= 5);
    // Days on which shops sell much are no holidays.
    let is_feast = holidays(day, day).any(|one| !matches!(one.name.0, "618" | "双11" | "双12"));
    is_weekday && !is_feast
}

impl RequestStatus {
    /// Whether nothing is to be done any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }

    /// Whether a request can go from here to there (INV-RIGHTS-1).
    pub const fn leads_to(self, next: Self) -> bool {
        match self {
            Self::New => matches!(next, Self::Checked | Self::Refused),
            Self::Checked => matches!(next, Self::Doing | Self::Done | Self::Refused),
            // What was granted can still turn out to be barred: a legal hold on a deletion.
            Self::Doing => matches!(next, Self::Done | Self::Refused),
            Self::Done | Self::Refused => false,
        }
    }

    /// Days left until a day, less than none when it is over.
    pub fn days_left(self, due_on: i64, today: i64) -> Option<i64> {
        (!self.is_over()).then_some(due_on - today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<i64> {
        text.parse().ok().map(crate::audience::day_number)
    }

    fn due(kind: RequestKind, on: &str) -> String {
        date_of(kind.due_on(day(on).unwrap())).unwrap().to_string()
    }

    #[test]
    fn time_runs_by_kind() {
        assert_eq!(due(RequestKind::Copy, "2026-03-02"), "2026-04-01");
        // Fifteen working days: three weeks.
        assert_eq!(due(RequestKind::Deletion, "2026-03-02"), "2026-03-23");
        assert_eq!(due(RequestKind::OptOut, "2026-03-07"), "2026-03-27");
        // Spring Festival takes three working days, National Day two of a Thursday to Saturday.
        assert_eq!(due(RequestKind::Withdrawal, "2026-02-02"), "2026-02-26");
        assert_eq!(due(RequestKind::Deletion, "2026-09-28"), "2026-10-21");
        // A shopping festival is a day as any other.
        assert_eq!(due(RequestKind::Deletion, "2026-11-02"), "2026-11-23");
    }

    #[test]
    fn nobody_waits_longer_than_for_anything_else() {
        for start in day("2025-01-01").unwrap()..day("2030-12-31").unwrap() {
            for kind in RequestKind::ALL {
                let due = kind.due_on(start);
                assert!(due > start && due <= start + DAYS, "{kind:?} {start}");
            }
        }
    }

    /// INV-RIGHTS-1.
    #[test]
    fn the_check_comes_before_the_deed() {
        use RequestStatus::{Checked, Doing, Done, New, Refused};
        let reaches = |from: RequestStatus| RequestStatus::ALL.iter().copied().filter(move |to| from.leads_to(*to));
        assert_eq!(reaches(New).collect::<Vec<_>>(), [Checked, Refused]);
        assert!(reaches(Checked).all(|to| [Doing, Done, Refused].contains(&to)));
        assert!([Done, Refused].into_iter().all(|end| end.is_over() && reaches(end).count() == 0));
        assert_eq!((New.days_left(10, 12), Done.days_left(10, 12)), (Some(-2), None));
    }

    #[test]
    fn names_read_back() {
        for &kind in RequestKind::ALL {
            assert_eq!(RequestKind::parse(kind.as_str()), Some(kind));
        }
        for &status in RequestStatus::ALL {
            assert_eq!(RequestStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(RequestRefusal::parse("whim"), None);
    }
}
