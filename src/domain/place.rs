//! Where somebody lives, as far as hours and holidays go by it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::client::Client;
use super::contact_hours::ContactHours;
use super::contract::Contract;
use super::holiday::Calendar;
use super::text::fold;
use super::words::Purpose;

/// The two letters of each state and of the Federal District.
pub const STATES: [&str; 27] = [
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE",
    "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
];

/// A city and a state, each where it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The contract's city, else the client's.
    pub city: Option<String>,
    /// The two letters of the client's state.
    pub state: Option<String>,
}

impl Place {
    /// Where a client, and the contract that is spoken of, are.
    pub fn of(client: &Client, contract: Option<&Contract>) -> Self {
        let of_contract = contract.and_then(|contract| contract.city.as_deref());
        let city = of_contract.filter(|city| !city.trim().is_empty());
        Self {
            city: city.or(client.city.as_deref()).map(str::to_owned),
            state: client.state.clone(),
        }
    }
}

/// A city of the configuration: its name without case and accents, and its state's two letters.
type City = (String, String);

/// What differs from the general hours and holidays in one state or city.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    hours: BTreeMap<(String, Purpose), ContactHours>,
    states: BTreeMap<String, Calendar>,
    cities: BTreeMap<City, Calendar>,
}

impl Places {
    /// The places with hours or holidays of their own. `general` is the calendar that counts everywhere;
    /// a city keeps its state's holidays too.
    pub fn new(
        general: &Calendar,
        hours: BTreeMap<(String, Purpose), ContactHours>,
        states: &BTreeMap<String, BTreeSet<NaiveDate>>,
        cities: &BTreeMap<(String, String), BTreeSet<NaiveDate>>,
    ) -> Self {
        let of_state = |state: &str| states.get(state).into_iter().flatten().copied();
        // One city may stand there in two writings.
        let mut own: BTreeMap<City, BTreeSet<NaiveDate>> = BTreeMap::new();
        for ((city, state), days) in cities {
            let days = days.iter().copied().chain(of_state(state));
            own.entry((fold(city), state.clone()))
                .or_default()
                .extend(days);
        }
        Self {
            hours,
            states: states
                .keys()
                .map(|state| (state.clone(), general.with(of_state(state))))
                .collect(),
            cities: own
                .into_iter()
                .map(|(city, days)| (city, general.with(days)))
                .collect(),
        }
    }

    /// No place differs from another.
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.states.is_empty() && self.cities.is_empty()
    }

    /// No place has holidays of its own.
    pub fn one_calendar(&self) -> bool {
        self.states.is_empty() && self.cities.is_empty()
    }

    /// The calendar of a place, where it has one of its own. A city whose client's state nobody knows is
    /// the only one of its name.
    pub fn calendar(&self, place: &Place) -> Option<&Calendar> {
        let city = place.city.as_deref().map(fold);
        let found = match (city, &place.state) {
            (Some(city), Some(state)) => self.cities.get(&(city, state.clone())),
            (Some(city), None) => {
                let mut of_name = self.cities.iter().filter(|((name, _), _)| *name == city);
                let only = of_name.next().filter(|_| of_name.next().is_none());
                only.map(|(_, calendar)| calendar)
            }
            (None, _) => None,
        };
        found.or_else(|| self.states.get(place.state.as_deref()?))
    }

    /// The hours of a place for a purpose, where it has some of its own.
    pub fn hours(&self, place: &Place, purpose: Purpose) -> Option<&ContactHours> {
        self.hours.get(&(place.state.clone()?, purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn place(city: Option<&str>, state: Option<&str>) -> Place {
        Place {
            city: city.map(str::to_owned),
            state: state.map(str::to_owned),
        }
    }

    #[test]
    fn a_city_keeps_its_states_holidays_and_the_general_ones() {
        let general = Calendar::new([day("2026-12-08")]);
        let states = BTreeMap::from([("SC".to_owned(), BTreeSet::from([day("2026-08-11")]))]);
        let chapeco = ("Chapecó".to_owned(), "SC".to_owned());
        let again = ("CHAPECO".to_owned(), "SC".to_owned());
        let cities = BTreeMap::from([
            (chapeco, BTreeSet::from([day("2026-08-25")])),
            (again, BTreeSet::from([day("2026-12-02")])),
        ]);
        let places = Places::new(&general, BTreeMap::new(), &states, &cities);
        let holidays = |place: Place| -> Vec<bool> {
            let calendar = places.calendar(&place).unwrap_or(&general);
            ["2026-12-08", "2026-08-11", "2026-08-25", "2026-12-25"]
                .map(|text| calendar.is_holiday(day(text)))
                .to_vec()
        };
        let (yes, no) = (true, false);
        assert_eq!(
            holidays(place(Some("CHAPECO"), Some("SC"))),
            [yes, yes, yes, yes]
        );
        assert_eq!(
            holidays(place(Some("Xaxim"), Some("SC"))),
            [yes, yes, no, yes]
        );
        assert_eq!(
            holidays(place(Some("Chapecó"), Some("PR"))),
            [yes, no, no, yes]
        );
        assert_eq!(holidays(place(Some("Chapecó"), None)), [yes, yes, yes, yes]);
        assert_eq!(holidays(place(None, None)), [yes, no, no, yes]);
        let twice = places.calendar(&place(Some("Chapecó"), Some("SC")));
        assert!(twice.is_some_and(|calendar| calendar.is_holiday(day("2026-12-02"))));
    }
}
