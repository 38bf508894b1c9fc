//! Who a message is for, and where it can go on a channel, or the one reason why it cannot.

use chrono::NaiveDate;

use super::channel::{AddressForm, PerChannel};
use super::client::{Client, Device, Number};
use super::phone::{Line, Phone};
use super::words::{AddressKind, Channel, Purpose, Reason};
use crate::domain::ticket::event::Staff;

/// Who a message is for.
#[derive(Debug, Clone, Copy)]
pub enum Recipient<'a> {
    /// A client: the whole contact policy counts.
    Client(&'a Client),
    /// A client of this id, whom the book does not have.
    UnknownClient(i64),
    /// A member of staff, about a client's affairs: opt-outs and caps are not theirs.
    Staff(&'a Staff),
}

impl<'a> Recipient<'a> {
    /// The client of this id, as the book has them.
    pub fn client(id: i64, known: Option<&'a Client>) -> Self {
        known.map_or(Self::UnknownClient(id), Self::Client)
    }

    /// The id under which a message is kept as the client's.
    pub const fn client_id(&self) -> Option<i64> {
        match self {
            Self::Client(client) => Some(client.id),
            Self::UnknownClient(id) => Some(*id),
            Self::Staff(_) => None,
        }
    }

    /// The id under which a message is kept as a member of staff's.
    pub const fn staff_id(&self) -> Option<i64> {
        match self {
            Self::Staff(person) => Some(person.id),
            Self::Client(_) | Self::UnknownClient(_) => None,
        }
    }
}

/// A refusal the client gave: to one channel or all, for one purpose or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptOut {
    /// The channel; none means all.
    pub channel: Option<Channel>,
    /// The purpose; none means all.
    pub purpose: Option<Purpose>,
}

impl OptOut {
    /// Whether it forbids messages of this purpose on this channel.
    pub fn forbids(self, channel: Channel, purpose: Purpose) -> bool {
        self.channel.is_none_or(|c| c == channel) && self.purpose.is_none_or(|p| p == purpose)
    }
}

/// What a decision about one client looks at.
#[derive(Debug, Clone, Copy)]
pub struct Contact<'a> {
    /// The client.
    pub client: &'a Client,
    /// Devices not known to be gone.
    pub devices: &'a [Device],
    /// Whether a device of theirs was there once and is gone.
    pub had_device: bool,
    /// What they said no to.
    pub opt_outs: &'a [OptOut],
}

/// What is to be sent, as far as reaching somebody goes.
#[derive(Debug, Clone, Copy)]
pub struct Errand<'a> {
    /// The channel.
    pub channel: Channel,
    /// The purpose.
    pub purpose: Purpose,
    /// Which numbers are tried.
    pub numbers: &'a PerChannel<Vec<Number>>,
    /// A push is addressed by the client's id, and needs no device.
    pub push_by_client: bool,
    /// The day until which the contract wants no notices; a closing ignores it and gives none.
    pub hold_until: Option<NaiveDate>,
    /// Today.
    pub today: NaiveDate,
}

/// One address on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Device address, E.164 number, e-mail, postal address (its lines) or name on the chat.
    pub text: String,
    /// For push, which kind of address it is.
    pub kind: Option<AddressKind>,
}

/// Where a message can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To each of these; never empty.
    To(Vec<Address>),
    /// Nowhere.
    Not {
        /// Why.
        reason: Reason,
        /// The contact that was looked at, if there was one.
        address: Option<String>,
        /// In plain words, when there is more to say.
        detail: Option<String>,
    },
}

impl Reach {
    fn not(reason: Reason) -> Self {
        Self::Not {
            reason,
            address: None,
            detail: None,
        }
    }
}

/// Decides where an errand can reach a client.
pub fn reach(contact: &Contact<'_>, errand: &Errand<'_>) -> Reach {
    if let Some(since) = contact.client.absent_since {
        return gone(&format!("client {}", contact.client.id), since);
    }
    let client = contact.client;
    if client.is_erased() {
        return erased();
    }
    let numbers = &errand.numbers[errand.channel];
    let addresses = match errand.channel.nature().address {
        AddressForm::Device if errand.push_by_client => to(&client.id.to_string()),
        AddressForm::Device => devices(contact),
        AddressForm::Phone { fixed_lines } => first(client, numbers, fixed_lines),
        AddressForm::Mailbox => client_email(client),
        AddressForm::Postal => letter(client),
        AddressForm::Handle => Reach::not(Reason::NoContact),
    };
    let addresses = match addresses {
        Reach::To(addresses) => addresses,
        not @ Reach::Not { .. } => return not,
    };
    forbidden(contact, errand).map_or(Reach::To(addresses), Reach::not)
}

/// Decides where a member of staff is reached.
pub fn reach_staff(person: &Staff, channel: Channel) -> Reach {
    match channel.nature().address {
        AddressForm::Phone { fixed_lines } => phone(person.mobile.as_deref(), fixed_lines),
        AddressForm::Mailbox => email(person.email.as_deref()),
        AddressForm::Handle => handle(person.chat.as_deref()),
        AddressForm::Device | AddressForm::Postal => Reach::not(Reason::NoContact),
    }
}

/// Where a message to an address that somebody typed can go: that address as it is kept, or why not.
/// The lines of a postal address are parted by `|`.
pub fn reach_typed(channel: Channel, typed: &str) -> Reach {
    let typed = typed.trim();
    if typed.is_empty() {
        return Reach::not(Reason::NoContact);
    }
    match channel.nature().address {
        AddressForm::Phone { fixed_lines } => phone(Some(typed), fixed_lines),
        AddressForm::Mailbox => email(Some(typed)),
        AddressForm::Handle => handle(Some(typed)),
        AddressForm::Device => {
            let plain = |c: char| c.is_ascii_graphic();
            if typed.len() <= LONGEST_DEVICE && typed.chars().all(plain) {
                to(typed)
            } else {
                unusable(typed)
            }
        }
        AddressForm::Postal => {
            let lines: Vec<&str> = typed.split(['|', '\n']).map(str::trim).collect();
            let whole = |line: &&str| !line.is_empty() && !line.chars().any(char::is_control);
            if lines.len() >= 3 && lines.iter().all(whole) {
                to(&lines.join("\n"))
            } else {
                Reach::Not {
                    reason: Reason::UnusableContact,
                    address: Some(typed.to_owned()),
                    detail: Some(
                        "a postal address has at least three lines: NAME|STREET, NUMBER|ZIP CITY/STATE"
                            .to_owned(),
                    ),
                }
            }
        }
    }
}

/// Characters of the longest address of a device that is taken.
const LONGEST_DEVICE: usize = 4096;

/// Why a client whom the book does not have is not reached.
pub fn reach_unknown(client_id: i64) -> Reach {
    Reach::Not {
        reason: Reason::NoContact,
        address: None,
        detail: Some(format!("the book has no client {client_id}")),
    }
}

/// Why nothing is said of a row that nobody brings any more, or to a client who is one.
pub fn gone(what: &str, since: NaiveDate) -> Reach {
    Reach::Not {
        reason: Reason::Gone,
        address: None,
        detail: Some(format!("{what} is gone from the source since {since}")),
    }
}

/// Why a client whose data was erased is not reached, not even by the id that stays.
fn erased() -> Reach {
    Reach::Not {
        reason: Reason::NoContact,
        address: None,
        detail: Some("the client's data was erased".to_owned()),
    }
}

/// Why a push is not sent to a device that belongs to another client now.
pub fn no_longer_theirs() -> Reach {
    Reach::Not {
        reason: Reason::NoContact,
        address: None,
        detail: Some("no longer theirs".to_owned()),
    }
}

/// Why somebody is left alone while an incident of this name concerns them.
pub fn in_incident(name: &str) -> Reach {
    Reach::Not {
        reason: Reason::Incident,
        address: None,
        detail: Some(format!("incident `{name}` is open")),
    }
}

/// Why a client who could be reached must not be, if so.
fn forbidden(contact: &Contact<'_>, errand: &Errand<'_>) -> Option<Reason> {
    if contact
        .opt_outs
        .iter()
        .any(|opt_out| opt_out.forbids(errand.channel, errand.purpose))
    {
        return Some(Reason::OptedOut);
    }
    if errand.purpose != Purpose::Collection {
        return None;
    }
    let switch = errand.channel.nature().switch;
    if switch.is_some_and(|is_on| !is_on(contact.client)) {
        return Some(Reason::ChannelNotAllowed);
    }
    errand
        .hold_until
        .is_some_and(|until| until >= errand.today)
        .then_some(Reason::OnHold)
}

fn devices(contact: &Contact<'_>) -> Reach {
    let usable: Vec<Address> = contact
        .devices
        .iter()
        .filter(|device| device.logged_in && device.notifications_enabled)
        .map(|device| Address {
            text: device.address.clone(),
            kind: Some(device.kind),
        })
        .collect();
    if !usable.is_empty() {
        return Reach::To(usable);
    }
    let reason = if contact.devices.iter().any(|device| device.logged_in) {
        Reason::NotificationsDisabled
    } else if !contact.devices.is_empty() {
        Reason::NotLoggedIn
    } else if contact.had_device || contact.client.app_first_access_on.is_some() {
        Reason::AppNotInstalled
    } else {
        Reason::NoFirstAccess
    };
    Reach::not(reason)
}

/// Where a message to this number can go.
fn phone(number: Option<&str>, fixed_lines: bool) -> Reach {
    let Some(text) = number else {
        return Reach::not(Reason::NoContact);
    };
    let Some(phone) = Phone::parse(text) else {
        return unusable(text);
    };
    match phone.line() {
        Line::Landline if !fixed_lines => Reach::Not {
            reason: Reason::UnusableContact,
            address: Some(phone.as_str().to_owned()),
            detail: Some("a fixed line takes no text messages".to_owned()),
        },
        Line::Mobile | Line::Landline => to(phone.as_str()),
        Line::Unusable => unusable(phone.as_str()),
    }
}

/// Where a message can go: to the first usable of these numbers, or else why the first that is there
/// cannot be used.
fn first(client: &Client, numbers: &[Number], fixed_lines: bool) -> Reach {
    let mut not = None;
    for text in numbers.iter().filter_map(|number| number.of(client)) {
        match phone(Some(text), fixed_lines) {
            reached @ Reach::To(_) => return reached,
            other => {
                not.get_or_insert(other);
            }
        }
    }
    not.unwrap_or_else(|| Reach::not(Reason::NoContact))
}

/// Where a letter can go: only where everything is there that brings it to a door.
fn letter(client: &Client) -> Reach {
    match client.postal_address() {
        Ok(address) => to(&address),
        Err(lacking) => Reach::Not {
            reason: Reason::NoContact,
            address: None,
            detail: Some(format!("the address has no {lacking}")),
        },
    }
}

/// Where a message on the staff's chat can go.
fn handle(text: Option<&str>) -> Reach {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Reach::not(Reason::NoContact),
        Some(text) if text.chars().any(char::is_control) => unusable(text),
        Some(text) => to(text),
    }
}

/// Where an e-mail to a client can go: not to the address that returned one for good.
fn client_email(client: &Client) -> Reach {
    let bounced = client.email_bounced.as_deref();
    match client.email.as_deref() {
        Some(address) if bounced.is_some_and(|bounced| bounced.eq_ignore_ascii_case(address)) => {
            Reach::Not {
                reason: Reason::UnusableContact,
                address: Some(address.to_owned()),
                detail: Some("mail to it came back".to_owned()),
            }
        }
        address => email(address),
    }
}

/// Where an e-mail can go.
fn email(address: Option<&str>) -> Reach {
    match address {
        None => Reach::not(Reason::NoContact),
        Some(address) if usable_email(address) => to(address),
        Some(address) => unusable(address),
    }
}

/// Whether an e-mail address can work: one `@`, a domain with a dot, nothing that would break a header.
pub fn usable_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && part
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control() && !"\"(),:;<>@[\\]".contains(c))
    };
    plain(local)
        && plain(domain)
        && domain.contains('.')
        && domain
            .chars()
            .all(|c| c.is_alphanumeric() || c == '.' || c == '-')
        && address.len() <= 254
}

fn to(address: &str) -> Reach {
    Reach::To(vec![Address {
        text: address.to_owned(),
        kind: None,
    }])
}

fn unusable(address: &str) -> Reach {
    Reach::Not {
        reason: Reason::UnusableContact,
        address: Some(address.to_owned()),
        detail: Some(format!("`{address}` cannot work")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client {
            mobile: Some("+5549999990001".to_owned()),
            whatsapp: Some("+554933330000".to_owned()),
            email: Some("ana@example.com".to_owned()),
            ..Client::known_as(1, "Ana")
        }
    }

    fn device(logged_in: bool, notifications_enabled: bool) -> Device {
        Device {
            address: format!("d{logged_in}{notifications_enabled}"),
            kind: AddressKind::Token,
            logged_in,
            notifications_enabled,
        }
    }

    fn reason(client: &Client, devices: &[Device], had: bool, channel: Channel) -> Option<Reason> {
        let contact = Contact {
            client,
            devices,
            had_device: had,
            opt_outs: &[],
        };
        let errand = Errand {
            channel,
            purpose: Purpose::Collection,
            numbers: &PerChannel::usual(),
            push_by_client: false,
            hold_until: None,
            today: NaiveDate::from_ymd_opt(2026, 11, 21).expect("a day"),
        };
        match reach(&contact, &errand) {
            Reach::To(_) => None,
            Reach::Not { reason, .. } => Some(reason),
        }
    }

    #[test]
    fn a_push_says_why_by_the_device_nearest_to_usable() {
        let mut c = client();
        let push = Channel::Push;
        assert_eq!(reason(&c, &[], false, push), Some(Reason::NoFirstAccess));
        assert_eq!(reason(&c, &[], true, push), Some(Reason::AppNotInstalled));
        c.app_first_access_on = NaiveDate::from_ymd_opt(2026, 1, 1);
        assert_eq!(reason(&c, &[], false, push), Some(Reason::AppNotInstalled));
        let (out, quiet) = (device(false, true), device(true, false));
        assert_eq!(
            reason(&c, std::slice::from_ref(&out), false, push),
            Some(Reason::NotLoggedIn)
        );
        assert_eq!(
            reason(&c, &[out, quiet], false, push),
            Some(Reason::NotificationsDisabled)
        );
        assert_eq!(reason(&c, &[device(true, true)], false, push), None);
    }

    #[test]
    fn contacts_must_be_there_and_work() {
        let mut c = client();
        assert_eq!(reason(&c, &[], false, Channel::Sms), None);
        c.mobile = Some("+554933330000".to_owned());
        assert_eq!(
            reason(&c, &[], false, Channel::Sms),
            Some(Reason::UnusableContact)
        );
        c.mobile = Some("99999999999".to_owned());
        assert_eq!(reason(&c, &[], false, Channel::Whatsapp), None);
        c.whatsapp = None;
        assert_eq!(
            reason(&c, &[], false, Channel::Whatsapp),
            Some(Reason::UnusableContact)
        );
        c.mobile = None;
        assert_eq!(
            reason(&c, &[], false, Channel::Whatsapp),
            Some(Reason::NoContact)
        );
        c.sms_allowed = false;
        c.email_allowed = false;
        assert_eq!(
            reason(&c, &[], false, Channel::Email),
            Some(Reason::ChannelNotAllowed)
        );
        c.email = Some("ana@example".to_owned());
        assert_eq!(
            reason(&c, &[], false, Channel::Email),
            Some(Reason::UnusableContact)
        );
    }

    #[test]
    fn trial_117_other_phones_are_the_last_choice_where_they_are_asked_for() {
        let mut c = client();
        c.mobile = Some("+554933330000".to_owned());
        c.whatsapp = None;
        c.phone = Some("não tem".to_owned());
        c.work_phone = Some("+5549999990009".to_owned());
        let all = [
            Number::Mobile,
            Number::Whatsapp,
            Number::Phone,
            Number::WorkPhone,
        ];
        let reached = |reach| match reach {
            Reach::To(addresses) => addresses[0].text.clone(),
            Reach::Not { reason, .. } => reason.to_string(),
        };
        assert_eq!(reached(first(&c, &all, false)), "+5549999990009");
        assert_eq!(reached(first(&c, &all, true)), "+554933330000");
        assert_eq!(reached(first(&c, &all[..1], false)), "unusable_contact");
        assert_eq!(reached(first(&c, &all[1..2], false)), "no_contact");
    }

    #[test]
    fn an_opt_out_counts_for_its_channel_and_purpose() {
        let all = OptOut {
            channel: None,
            purpose: None,
        };
        let marketing = OptOut {
            channel: None,
            purpose: Some(Purpose::Marketing),
        };
        let push = OptOut {
            channel: Some(Channel::Push),
            purpose: None,
        };
        assert!(all.forbids(Channel::Sms, Purpose::Service));
        assert!(!marketing.forbids(Channel::Sms, Purpose::Collection));
        assert!(push.forbids(Channel::Push, Purpose::Collection));
        assert!(!push.forbids(Channel::Email, Purpose::Collection));
    }
}
