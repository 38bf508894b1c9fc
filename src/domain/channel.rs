//! What tells the channels apart, and a value for each of them.

use std::ops::Index;

use super::words::{Channel, Word};

/// What a channel's messages are addressed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressForm {
    /// A registration of an app: a long text that nobody reads.
    Device,
    /// A telephone.
    Phone,
    /// An e-mail address.
    Mailbox,
}

impl Channel {
    /// What its messages are addressed to.
    pub const fn address_form(self) -> AddressForm {
        match self {
            Self::Push => AddressForm::Device,
            Self::Whatsapp | Self::Sms => AddressForm::Phone,
            Self::Email => AddressForm::Mailbox,
        }
    }

    /// Whether its messages have a title (a push's title, an e-mail's subject); the others have none.
    pub const fn has_title(self) -> bool {
        !matches!(self.address_form(), AddressForm::Phone)
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

impl<T> Index<Channel> for PerChannel<T> {
    type Output = T;

    fn index(&self, channel: Channel) -> &T {
        &self.0[channel as usize]
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
}
