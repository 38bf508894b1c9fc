//! Whose birthday it is: people only, 29 February on the 28th in other years, once a year.

use chrono::{Datelike, NaiveDate};

use super::client::Client;
use super::words::PersonType;

/// The month and day of births celebrated on a day: its own, and on 28 February of a year
/// without a 29th that one too.
pub fn celebrated(today: NaiveDate) -> Vec<(u32, u32)> {
    let own = (today.month(), today.day());
    if own == (2, 28) && !today.leap_year() {
        vec![own, (2, 29)]
    } else {
        vec![own]
    }
}

/// Whether a birth date can be one: 1 January 1900 stands for none, and nobody was born after today.
pub fn is_believable(birth: NaiveDate, today: NaiveDate) -> bool {
    birth <= today && (birth.year(), birth.ordinal()) != (1900, 1)
}

/// What stands against congratulating a client whose birthday it is on a day; nothing for people whose
/// birth date can be one, and with `active_only` only for active ones.
pub fn against(client: &Client, active_only: bool, on: NaiveDate) -> Option<&'static str> {
    if client.person_type == PersonType::Company {
        Some("is a company")
    } else if client.birth_date.is_some_and(|birth| birth > on) {
        Some("the birth date is to come")
    } else if client
        .birth_date
        .is_some_and(|birth| !is_believable(birth, on))
    {
        Some("the birth date 1900-01-01 stands for none")
    } else if active_only && !client.active {
        Some("is not active, and [birthday] audience is \"active\"")
    } else {
        None
    }
}

/// The same of a client of whom it is not certain that it is their birthday.
pub fn against_on(client: &Client, active_only: bool, on: NaiveDate) -> Option<&'static str> {
    let is_birthday = client
        .birth_date
        .is_some_and(|birth| celebrated(on).contains(&(birth.month(), birth.day())));
    if is_birthday {
        against(client, active_only, on)
    } else {
        Some("the birth date is another one now")
    }
}

/// The key of a client's congratulations in a year; each device's own has its address after it.
/// One that stands already, whatever its template, channel or address, means that this year's
/// were decided.
pub fn key(year: i32, client_id: i64) -> String {
    format!("birthday/{year}/{client_id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a day")
    }

    /// Whether a client is congratulated on a day.
    fn is_due(client: &Client, active_only: bool, today: NaiveDate) -> bool {
        against_on(client, active_only, today).is_none()
    }

    fn born(birth: Option<NaiveDate>) -> Client {
        Client {
            birth_date: birth,
            ..Client::known_as(193, "Ana")
        }
    }

    #[test]
    fn a_leap_day_is_celebrated_on_the_28th_of_other_years() {
        let leapling = born(Some(day(2000, 2, 29)));
        assert!(is_due(&leapling, false, day(2027, 2, 28)));
        assert!(!is_due(&leapling, false, day(2027, 3, 1)));
        assert!(!is_due(&leapling, false, day(2028, 2, 28)));
        assert!(is_due(&leapling, false, day(2028, 2, 29)));
        // 2100 has no 29 February either.
        assert!(is_due(&leapling, false, day(2100, 2, 28)));
        assert!(is_due(
            &born(Some(day(2001, 2, 28))),
            false,
            day(2028, 2, 28)
        ));
    }

    #[test]
    fn a_date_that_stands_for_none_or_is_to_come_congratulates_nobody() {
        let none = born(Some(day(1900, 1, 1)));
        assert!(!is_due(&none, false, day(2027, 1, 1)));
        assert!(is_due(&born(Some(day(1901, 1, 1))), false, day(2027, 1, 1)));
        let to_come = born(Some(day(2027, 11, 23)));
        assert!(!is_due(&to_come, false, day(2026, 11, 23)));
    }

    #[test]
    fn companies_never_and_inactive_ones_only_when_all_are_asked_for() {
        let birthday = day(2026, 11, 21);
        let mut client = born(Some(day(1990, 11, 21)));
        client.active = false;
        assert!(is_due(&client, false, birthday));
        assert!(!is_due(&client, true, birthday));
        client.active = true;
        client.person_type = PersonType::Company;
        assert!(!is_due(&client, false, birthday));
        assert!(!is_due(&born(None), false, birthday));
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn everybody_has_exactly_one_birthday_a_year(
            birth in 1i64..34_000,
            year in 1995i32..2105,
        ) {
            let birth = day(1900, 1, 1) + chrono::Days::new(birth.unsigned_abs());
            let client = born(Some(birth));
            let birthdays = day(year, 1, 1)
                .iter_days()
                .take_while(|d| d.year() == year)
                .filter(|d| is_due(&client, false, *d))
                .count();
            prop_assert_eq!(birthdays, 1);
        }
    }
}
