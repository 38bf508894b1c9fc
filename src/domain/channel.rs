//! All that tells the channels apart, and a value for each of them.

use std::ops::{Index, IndexMut};

use super::client::{Client, Number};
use super::words::{Channel, Word};

/// What a channel's messages are addressed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressForm {
    /// A registration of an app: a long text that nobody reads. A client may have several.
    Device,
    /// A telephone.
    Phone {
        /// Whether a fixed line will do.
        fixed_lines: bool,
    },
    /// An e-mail address.
    Mailbox,
    /// A house: the lines of a postal address.
    Postal,
    /// A name on a chat.
    Handle,
}

/// Whom a channel may tell of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hearers {
    /// The ticket's client.
    pub clients: bool,
    /// Staff.
    pub staff: bool,
}

/// What tells a channel from the others. Whoever treats one otherwise asks here, and does not ask its name.
#[derive(Debug, Clone, Copy)]
pub struct ChannelNature {
    /// What clients call it.
    pub portuguese: &'static str,
    /// What its messages are addressed to.
    pub address: AddressForm,
    /// What heads its messages, as people call it; none where nothing does.
    pub title: Option<&'static str>,
    /// Whether its messages may be in HTML too.
    pub html: bool,
    /// Whether how its messages are shown can be chosen.
    pub look: bool,
    /// Whether its texts are cut into segments, whose letters count.
    pub segments: bool,
    /// Whether its texts are the provider's, with places that variables fill.
    pub places: bool,
    /// Whether its messages go in the run that makes them; otherwise they wait for a task.
    pub at_once: bool,
    /// Whether clients are written to on it; otherwise staff alone are.
    pub for_clients: bool,
    /// Whom it may tell of tickets.
    pub tickets: Hearers,
    /// Which numbers are tried unless the configuration says otherwise.
    pub numbers: &'static [Number],
    /// Its place among the channels by which a topic alerts staff, from 0; none when it is not one.
    pub alert_rank: Option<u8>,
    /// The ERP's switch for collection by it.
    pub switch: Option<fn(&Client) -> bool>,
}

/// A channel that has nothing of its own.
const PLAIN: ChannelNature = ChannelNature {
    portuguese: "",
    address: AddressForm::Handle,
    title: None,
    html: false,
    look: false,
    segments: false,
    places: false,
    at_once: true,
    for_clients: true,
    tickets: Hearers {
        clients: true,
        staff: true,
    },
    numbers: &[],
    alert_rank: None,
    switch: None,
};

const PUSH: ChannelNature = ChannelNature {
    portuguese: "Notificação no aplicativo",
    address: AddressForm::Device,
    title: Some("a title"),
    look: true,
    tickets: Hearers {
        clients: true,
        staff: false,
    },
    ..PLAIN
};

const WHATSAPP: ChannelNature = ChannelNature {
    portuguese: "WhatsApp",
    address: AddressForm::Phone { fixed_lines: true },
    places: true,
    at_once: false,
    tickets: Hearers {
        clients: true,
        staff: false,
    },
    numbers: &[Number::Mobile, Number::Whatsapp],
    ..PLAIN
};

const SMS: ChannelNature = ChannelNature {
    portuguese: "SMS",
    address: AddressForm::Phone { fixed_lines: false },
    segments: true,
    numbers: &[Number::Mobile],
    alert_rank: Some(1),
    switch: Some(|client| client.sms_allowed),
    ..PLAIN
};

const EMAIL: ChannelNature = ChannelNature {
    portuguese: "E-mail",
    address: AddressForm::Mailbox,
    title: Some("a subject"),
    html: true,
    alert_rank: Some(0),
    switch: Some(|client| client.email_allowed),
    ..PLAIN
};

const LETTER: ChannelNature = ChannelNature {
    portuguese: "Carta",
    address: AddressForm::Postal,
    title: Some("a heading"),
    tickets: Hearers {
        clients: false,
        staff: false,
    },
    ..PLAIN
};

const CHAT: ChannelNature = ChannelNature {
    portuguese: "Chat",
    for_clients: false,
    tickets: Hearers {
        clients: false,
        staff: true,
    },
    ..PLAIN
};

impl Channel {
    /// What tells it from the others.
    pub const fn nature(self) -> &'static ChannelNature {
        match self {
            Self::Push => &PUSH,
            Self::Whatsapp => &WHATSAPP,
            Self::Sms => &SMS,
            Self::Email => &EMAIL,
            Self::Letter => &LETTER,
            Self::Chat => &CHAT,
        }
    }

    /// Whether its messages have a title (a push's title, an e-mail's subject); the others have none.
    pub const fn has_title(self) -> bool {
        self.nature().title.is_some()
    }

    /// Whether its messages go to each of somebody's devices, rather than to one address.
    pub const fn goes_to_devices(self) -> bool {
        matches!(self.nature().address, AddressForm::Device)
    }

    /// Whether its messages are printed, on one page each.
    pub const fn is_printed(self) -> bool {
        matches!(self.nature().address, AddressForm::Postal)
    }

    /// Whether its messages are delivered in the run that makes them.
    pub const fn goes_at_once(self) -> bool {
        self.nature().at_once
    }

    /// The channels that are so, in the order of [`Word::ALL`].
    pub fn that(is_so: impl Fn(&ChannelNature) -> bool) -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(move |channel| is_so(channel.nature()))
    }

    /// Their names, for a sentence: `push, sms and email`.
    pub fn named(is_so: impl Fn(&ChannelNature) -> bool) -> String {
        let names: Vec<&str> = Self::that(is_so).map(Word::as_str).collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }
}

/// How many channels there are.
const CHANNELS: usize = <Channel as Word>::ALL.len();

/// One value for each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerChannel<T>([T; CHANNELS]);

impl<T> PerChannel<T> {
    /// The value that `make` gives for each channel, asked in the order of [`Word::ALL`].
    pub fn of(mut make: impl FnMut(Channel) -> T) -> Self {
        Self(std::array::from_fn(|at| make(Channel::ALL[at])))
    }

    /// Each channel with its value.
    pub fn iter(&self) -> impl Iterator<Item = (Channel, &T)> {
        Channel::ALL.iter().copied().zip(&self.0)
    }
}

impl PerChannel<Vec<Number>> {
    /// The numbers that are tried where the configuration says nothing, in order.
    pub fn usual() -> Self {
        Self::of(|channel| channel.nature().numbers.to_vec())
    }
}

impl<T> Index<Channel> for PerChannel<T> {
    type Output = T;

    fn index(&self, channel: Channel) -> &T {
        &self.0[channel as usize]
    }
}

impl<T> IndexMut<Channel> for PerChannel<T> {
    fn index_mut(&mut self, channel: Channel) -> &mut T {
        &mut self.0[channel as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_finds_its_own_value() {
        let names = PerChannel::of(|channel| channel.as_str().to_owned());
        for (channel, name) in names.iter() {
            assert_eq!(name, channel.as_str());
            assert_eq!(names[channel], channel.as_str());
        }
        assert_eq!(names.iter().count(), Channel::ALL.len());
    }

    #[test]
    fn channels_are_named_in_a_sentence() {
        let staff = Channel::named(|nature| nature.tickets.staff);
        assert_eq!(staff, "sms, email and chat");
        assert_eq!(Channel::named(|nature| nature.look), "push");
    }
}
