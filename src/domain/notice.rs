//! The notices that the law asks for before access is suspended, a contract rescinded and a debtor listed.
//!
//! Anatel's rules (Resolução 765/2023, arts. 70 to 78, in force since 2025-09-01): a suspension at the earliest
//! 15 days after its notice, a rescission 60 days after the suspension, a listing with a credit bureau only
//! after the rescission. Lei 14.015/2020 keeps suspensions from Fridays, weekends, holidays and their eves.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};

use super::holiday::Calendar;
use super::words::words_enum;

words_enum! {
    /// What a notice precedes, in the order in which they come.
    NoticeKind {
        /// The suspension of access.
        Suspension = "suspension" | "suspensão",
        /// The rescission of the contract.
        Rescission = "rescission" | "rescisão",
        /// The listing with a credit bureau.
        Bureau = "bureau" | "negativação",
    }
}

impl NoticeKind {
    /// As a document names it.
    pub const fn in_portuguese(self) -> &'static str {
        match self {
            Self::Suspension => "suspensão do serviço",
            Self::Rescission => "rescisão do contrato",
            Self::Bureau => "registro em órgãos de proteção ao crédito",
        }
    }
}

/// The text that `#aviso_suspensao#` stands for unless `[notice] text` says another: what art. 71 asks for.
pub const TEXT: &str = "Consta em aberto #faturas_total#, referente a #faturas_meses#. \
Sem o pagamento, o serviço poderá ser suspenso a partir de #suspensao_data# e o contrato rescindido a partir de \
#rescisao_data#; depois da rescisão, o débito poderá ser registrado nos órgãos de proteção ao crédito. \
Confirmado o pagamento, o serviço é restabelecido em até 1 dia. \
(Motivo: falta de pagamento. Regras: Resolução Anatel 765/2023: suspensão após 15 dias deste aviso, rescisão \
após 60 dias da suspensão.)";

/// How long after a notice what it precedes may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeTerms {
    /// Days from the notice to the suspension.
    pub days: i64,
    /// Days from the suspension to the rescission.
    pub rescission_days: i64,
}

/// The law's own: 15 and 60 days.
impl Default for NoticeTerms {
    fn default() -> Self {
        Self {
            days: 15,
            rescission_days: 60,
        }
    }
}

/// From which days on a notice allows what it announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeDates {
    /// The first day on which access may be suspended.
    pub suspension: NaiveDate,
    /// The first day on which the contract may be rescinded.
    pub rescission: NaiveDate,
}

impl NoticeTerms {
    /// What a notice given on this day allows, by the holidays of the client's place.
    pub fn dates(self, notice_on: NaiveDate, calendar: &Calendar) -> NoticeDates {
        let mut suspension = later(notice_on, self.days);
        while !may_suspend(suspension, calendar) {
            match suspension.succ_opt() {
                Some(next) => suspension = next,
                None => break,
            }
        }
        NoticeDates {
            suspension,
            rescission: later(suspension, self.rescission_days),
        }
    }

    /// So many days after a notice of this kind the next one may come at the earliest. `suspension` says whether
    /// a notice of suspension went before it.
    pub const fn runs_out_after(self, kind: NoticeKind, suspension: bool) -> i64 {
        match kind {
            NoticeKind::Rescission if suspension => self.rescission_days,
            NoticeKind::Suspension | NoticeKind::Rescission | NoticeKind::Bureau => self.days,
        }
    }
}

/// Whether access may be suspended on a day: not on a Friday, a weekend, a holiday or its eve.
fn may_suspend(day: NaiveDate, calendar: &Calendar) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Fri | Weekday::Sat | Weekday::Sun);
    let eve = day.succ_opt().is_some_and(|next| calendar.is_holiday(next));
    !weekend && !eve && !calendar.is_holiday(day)
}

fn later(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_add_days(Days::new(days.unsigned_abs()))
        .unwrap_or(day)
}

/// How far the notice of one kind is, for one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoticeState {
    /// Nobody was to be given one yet.
    #[default]
    Untried,
    /// It was tried, or given, and none counts any more: it was refused later, or what it was given for has ended.
    Missing,
    /// Given on this day, and it counts.
    Given(NaiveDate),
}

/// How far the notices of one case are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticesGiven {
    suspension: NoticeState,
    rescission: NoticeState,
    bureau: NoticeState,
    /// What the notice of suspension announced, where that was kept.
    announced: Option<NoticeDates>,
}

impl NoticesGiven {
    /// How far the notice of a kind is.
    pub const fn state(&self, kind: NoticeKind) -> NoticeState {
        match kind {
            NoticeKind::Suspension => self.suspension,
            NoticeKind::Rescission => self.rescission,
            NoticeKind::Bureau => self.bureau,
        }
    }

    /// The day of the notice of a kind.
    pub const fn on(&self, kind: NoticeKind) -> Option<NaiveDate> {
        match self.state(kind) {
            NoticeState::Given(on) => Some(on),
            NoticeState::Untried | NoticeState::Missing => None,
        }
    }

    /// Notes the day of a notice of a kind that counts, and what it announced where that was kept; or that it was
    /// tried and counts for nothing. Of several that were sent because nobody reported the arrival of the first, the
    /// last tells: it says the latest dates.
    pub fn note(&mut self, kind: NoticeKind, given: Option<(NaiveDate, Option<NoticeDates>)>) {
        let (on, announced) = given.map_or((None, None), |(on, announced)| (Some(on), announced));
        let before = self.on(kind);
        if kind == NoticeKind::Suspension && on > before {
            self.announced = announced;
        }
        let known = before.max(on);
        let state = known.map_or(NoticeState::Missing, NoticeState::Given);
        match kind {
            NoticeKind::Suspension => self.suspension = state,
            NoticeKind::Rescission => self.rescission = state,
            NoticeKind::Bureau => self.bureau = state,
        }
    }

    /// What the notice of suspension allows: what it announced, whatever has become of its terms and of the holidays
    /// of its place since. None while none was given.
    pub fn dates(&self, terms: NoticeTerms, calendar: &Calendar) -> Option<NoticeDates> {
        let on = self.on(NoticeKind::Suspension)?;
        Some(self.announced.unwrap_or_else(|| terms.dates(on, calendar)))
    }

    /// The first day on which the notice of a kind may go, as far as those ahead of it say; none: at once.
    pub fn not_before(
        &self,
        kind: NoticeKind,
        terms: NoticeTerms,
        calendar: &Calendar,
    ) -> Option<NaiveDate> {
        let dates = self.dates(terms, calendar);
        match (kind, dates, self.on(NoticeKind::Rescission)) {
            (NoticeKind::Suspension, ..) | (_, None, None) => None,
            (NoticeKind::Bureau, Some(dates), Some(_)) => Some(dates.rescission),
            (NoticeKind::Bureau, None, Some(on)) => Some(later(on, terms.days)),
            (NoticeKind::Rescission | NoticeKind::Bureau, dates, _) => {
                dates.map(|dates| dates.suspension)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 January 2026 was a Thursday; days are counted from it.
    const MONTHS: [[i64; 12]; 2] = [
        [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334],
        [365, 396, 424, 455, 485, 516, 546, 577, 608, 638, 669, 699],
    ];

    /// The holidays of 2026, 2027 and January to April 2028 as (year, month, day), typed from the almanac, with
    /// a municipal one of each year.
    const HOLIDAYS: [(usize, usize, i64); 23] = [
        (0, 1, 1),
        (0, 4, 3),
        (0, 4, 21),
        (0, 5, 1),
        (0, 8, 25),
        (0, 9, 7),
        (0, 10, 12),
        (0, 11, 2),
        (0, 11, 15),
        (0, 11, 20),
        (0, 12, 25),
        (1, 1, 1),
        (1, 3, 26),
        (1, 4, 21),
        (1, 5, 1),
        (1, 8, 25),
        (1, 9, 7),
        (1, 10, 12),
        (1, 11, 2),
        (1, 11, 15),
        (1, 11, 20),
        (1, 12, 25),
        (1, 13, 1),
    ];

    fn number((year, month, day): (usize, usize, i64)) -> i64 {
        let before = if month == 13 {
            730
        } else {
            MONTHS[year][month - 1]
        };
        before + day - 1
    }

    /// Reckons on plain numbers of days: Thursday is 0 modulo 7.
    fn reckoned(notice: i64) -> i64 {
        let holidays: Vec<i64> = HOLIDAYS.iter().copied().map(number).collect();
        let mut day = notice + 15;
        loop {
            let weekday = day % 7;
            let weekend = weekday == 1 || weekday == 2 || weekday == 3;
            if weekend || holidays.contains(&day) || holidays.contains(&(day + 1)) {
                day += 1;
            } else {
                return day;
            }
        }
    }

    #[test]
    fn every_day_of_two_years_agrees_with_an_independent_reckoning() {
        let first: NaiveDate = "2026-01-01".parse().expect("a day");
        let own = ["2026-08-25", "2027-08-25"].map(|text| text.parse().expect("a day"));
        let calendar = Calendar::new(own);
        for (ahead, day) in (0_i64..).zip(first.iter_days()).take(365 * 2) {
            let dates = NoticeTerms::default().dates(day, &calendar);
            let expected = later(first, reckoned(ahead));
            assert_eq!(dates.suspension, expected, "a notice of {day}");
            assert_eq!(dates.rescission, later(expected, 60), "a notice of {day}");
            assert!((dates.suspension - day).num_days() >= 15, "{day}");
        }
    }

    #[test]
    fn a_later_notice_waits_for_the_one_ahead_of_it() {
        let calendar = Calendar::default();
        let terms = NoticeTerms::default();
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let mut given = NoticesGiven::default();
        assert_eq!(
            given.not_before(NoticeKind::Rescission, terms, &calendar),
            None
        );
        given.note(NoticeKind::Suspension, Some((day("2026-12-01"), None)));
        // The fifteenth day on is a Wednesday.
        let first = given.not_before(NoticeKind::Rescission, terms, &calendar);
        assert_eq!(first, Some(day("2026-12-16")));
        given.note(NoticeKind::Rescission, Some((day("2027-02-10"), None)));
        let listing = given.not_before(NoticeKind::Bureau, terms, &calendar);
        assert_eq!(listing, Some(day("2027-02-14")));
    }
}
