//! The contact policy: contact hours, caps, holidays and how long a message is of use.

use chrono::{DateTime, Days, Utc};

use super::block_list::BlockLists;
use super::channel::PerChannel;
use super::client::Number;
use super::contact_hours::ContactHours;
use super::holiday::Calendar;
use super::notice::NoticeTerms;
use super::place::{Place, Places};
use super::sms::transliterate;
use super::template::Rendered;
use super::words::{Channel, Purpose};
use crate::clock::{Now, start_of};

/// One value for each purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurposeMap<T> {
    /// For collection.
    pub collection: T,
    /// For service.
    pub service: T,
    /// For marketing.
    pub marketing: T,
}

impl<T> PurposeMap<T> {
    /// The value of a purpose.
    pub const fn get(&self, purpose: Purpose) -> &T {
        match purpose {
            Purpose::Collection => &self.collection,
            Purpose::Service => &self.service,
            Purpose::Marketing => &self.marketing,
        }
    }

    /// The value of a purpose, to change it.
    pub const fn get_mut(&mut self, purpose: Purpose) -> &mut T {
        match purpose {
            Purpose::Collection => &mut self.collection,
            Purpose::Service => &mut self.service,
            Purpose::Marketing => &mut self.marketing,
        }
    }
}

/// At most so many messages of a purpose to one client within so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// How many.
    pub messages: i64,
    /// Within how many calendar days, today included.
    pub days: i64,
}

/// Everything that decides when, and how often, people may be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Contact hours.
    pub hours: PurposeMap<ContactHours>,
    /// Holidays.
    pub calendar: Calendar,
    /// What differs by state and city.
    pub places: Places,
    /// Lists of numbers that must not be written to.
    pub block_lists: BlockLists,
    /// How long after a notice what it precedes may come.
    pub notice: NoticeTerms,
    /// Caps.
    pub caps: PurposeMap<Option<Cap>>,
    /// Days after which a queued message is of no use.
    pub expire_days: i64,
    /// Which numbers text messages and WhatsApp may use, in order.
    pub numbers: PerChannel<Vec<Number>>,
    /// A push is addressed by the client's id, and needs no device.
    pub push_by_client: bool,
    /// Text messages are written in letters that GSM-7 has.
    pub transliterate_sms: bool,
}

impl Policy {
    /// What was rendered, in the letters it is sent in.
    #[must_use]
    pub fn as_sent(&self, channel: Channel, mut rendered: Rendered) -> Rendered {
        if channel.nature().segments && self.transliterate_sms {
            rendered.body = transliterate(&rendered.body).into_owned();
        }
        rendered
    }

    /// The holidays of a place.
    pub fn calendar_at(&self, place: &Place) -> &Calendar {
        self.places.calendar(place).unwrap_or(&self.calendar)
    }

    /// The instant before which a message of this purpose must not go where no place differs; none when
    /// it may go now. Hours that never open hold a message until it expires.
    pub fn not_before(&self, purpose: Purpose, now: Now) -> Option<DateTime<Utc>> {
        self.not_before_in(self.hours.get(purpose), now)
    }

    /// The same at a place, by its own hours and holidays.
    pub fn not_before_at(
        &self,
        purpose: Purpose,
        place: &Place,
        now: Now,
    ) -> Option<DateTime<Utc>> {
        let hours = self.places.hours(place, purpose);
        let hours = hours.unwrap_or_else(|| self.hours.get(purpose));
        self.opening(hours, self.calendar_at(place), now)
    }

    /// The same for hours of its own (a birthday's).
    pub fn not_before_in(&self, hours: &ContactHours, now: Now) -> Option<DateTime<Utc>> {
        self.opening(hours, &self.calendar, now)
    }

    /// The instant up to which a message that may go at `now` stays so: the end of the window in which it may,
    /// and of this day at the latest. A birthday's hours are its own, whatever the place.
    pub fn valid_until(
        &self,
        purpose: Purpose,
        place: &Place,
        birthday: Option<&ContactHours>,
        now: Now,
    ) -> DateTime<Utc> {
        let end = now.today.succ_opt().unwrap_or(now.today);
        let end = start_of(now.zone, end);
        let closes = match birthday {
            Some(hours) => hours.closes(now, &self.calendar),
            None => {
                let hours = self.places.hours(place, purpose);
                let hours = hours.unwrap_or_else(|| self.hours.get(purpose));
                hours.closes(now, self.calendar_at(place))
            }
        };
        closes.map_or(end, |closes| closes.min(end))
    }

    fn opening(
        &self,
        hours: &ContactHours,
        calendar: &Calendar,
        now: Now,
    ) -> Option<DateTime<Utc>> {
        match hours.next_open(now, calendar) {
            Some(opening) if opening <= now.at => None,
            Some(opening) => Some(opening),
            None => Some(self.expires_at(now)),
        }
    }

    /// The instant from which a message made at `now` is of no use.
    pub fn expires_at(&self, now: Now) -> DateTime<Utc> {
        let days = Days::new(self.expire_days.unsigned_abs());
        now.at.checked_add_days(days).unwrap_or(now.at)
    }
}
