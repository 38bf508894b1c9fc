//! What the figures of messages are told by.

use super::words::words_enum;

words_enum! {
    /// By what messages are counted.
    CountedBy {
        /// How they travel.
        Channel = "channel" | "canal",
        /// The words they were made with.
        Template = "template" | "modelo",
        /// Why they were not sent.
        Reason = "reason" | "motivo",
        /// The day they were made on.
        Day = "day" | "dia",
        /// Where on the ladder of collections they stand.
        Stage = "stage" | "etapa",
    }
}

words_enum! {
    /// By what the success of collections is counted.
    FunnelBy {
        /// Where on the ladder cases stood.
        Stage = "stage" | "etapa",
        /// The words by which they were told.
        Template = "template" | "modelo",
        /// How they were told.
        Channel = "channel" | "canal",
    }
}

/// Messages, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageFigures {
    /// All that were made.
    pub messages: u64,
    /// Taken by the provider.
    pub sent: u64,
    /// Of which it reported that they arrived.
    pub delivered: u64,
    /// Of which it reported that they were read.
    pub read: u64,
    /// Failed for good.
    pub failed: u64,
    /// Not to go, for a reason.
    pub skipped: u64,
    /// Of which nobody can tell.
    pub unknown: u64,
}

impl MessageFigures {
    /// Those that wait, are on their way, or were cancelled.
    pub const fn others(&self) -> u64 {
        self.messages
            .saturating_sub(self.sent + self.failed + self.skipped + self.unknown)
    }
}

impl std::ops::AddAssign for MessageFigures {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.read += other.read;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.unknown += other.unknown;
    }
}
