//! What can happen to a ticket and what a trigger may listen to: all that tells one from the others,
//! but who hears of it, which `recipients` decides.

use crate::domain::words::words_enum;

words_enum! {
    /// What happened to a ticket.
    EventType {
        /// It was opened.
        Opened = "opened",
        /// Somebody answered in it.
        Replied = "replied",
        /// Its status or its priority changed.
        Moved = "moved",
    }
}

words_enum! {
    /// What an event may tell of itself, beside what every event may say of its ticket.
    EventPart {
        /// The ticket's status.
        Status = "status",
        /// What was written.
        Text = "text",
        /// Who wrote it.
        By = "by",
        /// The status the ticket had.
        From = "from",
        /// The status it has now.
        To = "to",
    }
}

/// All that tells one type of event from the others.
#[derive(Debug)]
pub struct EventNature {
    /// The command that takes one: `regua ticket open`.
    pub verb: &'static str,
    /// What happened, as that command's help says it.
    pub happened: &'static str,
    /// What it may tell of itself, each with what it is.
    pub parts: &'static [(EventPart, &'static str)],
    /// Whether it is a change of status or priority, and nothing without one.
    pub changes: bool,
}

impl EventType {
    /// The first of a ticket.
    pub const OPENING: Self = Self::Opened;
    /// What a list of tickets shows of one that it has shown before.
    pub const CHANGE: Self = Self::Moved;

    /// What tells it from the others.
    pub const fn nature(self) -> &'static EventNature {
        match self {
            Self::Opened => &EventNature {
                verb: "open",
                happened: "A ticket was opened",
                parts: &[
                    (EventPart::Status, "Its status"),
                    (EventPart::Text, "The text it was opened with"),
                ],
                changes: false,
            },
            Self::Replied => &EventNature {
                verb: "reply",
                happened: "A ticket was answered",
                parts: &[
                    (EventPart::Status, "Its status"),
                    (EventPart::Text, "What was written"),
                    (EventPart::By, "Who wrote it: client, staff or api"),
                ],
                changes: false,
            },
            Self::Moved => &EventNature {
                verb: "move",
                happened: "A ticket's status or priority changed",
                parts: &[
                    (
                        EventPart::From,
                        "The status it had [default: the one that the book knows]",
                    ),
                    (EventPart::To, "The status it has now"),
                ],
                changes: true,
            },
        }
    }

    /// Whether it may tell this of itself.
    pub fn tells(self, part: EventPart) -> bool {
        self.nature().parts.iter().any(|(own, _)| *own == part)
    }
}

words_enum! {
    /// Which ticket events a trigger listens to, and whom it speaks to.
    TriggerEvent {
        /// A ticket was opened that the client may see: the client.
        NewTicketClient = "new-ticket-client",
        /// A ticket was opened that the client may not see: staff.
        NewInternalTicket = "new-internal-ticket",
        /// The client opened a ticket: staff.
        NewPublicTicketByClient = "new-public-ticket-by-client",
        /// Staff or another program opened a ticket that the client may see: staff.
        NewPublicTicketByStaff = "new-public-ticket-by-staff",
        /// A ticket's status or priority changed: the trigger's audience.
        Workflow = "workflow",
        /// A ticket was answered: named staff and the responsible.
        Reply = "reply" | "resposta",
        /// No ticket: a contract's access was cut, or is there again: its client.
        Access = "access" | "acesso",
    }
}

impl TriggerEvent {
    /// The type of ticket event it listens to; none when it listens to the access of contracts.
    pub const fn listens_to(self) -> Option<EventType> {
        Some(match self {
            Self::NewTicketClient
            | Self::NewInternalTicket
            | Self::NewPublicTicketByClient
            | Self::NewPublicTicketByStaff => EventType::Opened,
            Self::Workflow => EventType::Moved,
            Self::Reply => EventType::Replied,
            Self::Access => return None,
        })
    }

    /// The keys that its triggers may have and others may not.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::NewTicketClient => &[],
            Self::NewInternalTicket
            | Self::NewPublicTicketByClient
            | Self::NewPublicTicketByStaff => &["staff", "teams"],
            Self::Workflow => &["from", "to", "priorities", "audience", "teams"],
            Self::Reply => &["staff", "fallback"],
            Self::Access => &["from", "to"],
        }
    }

    /// The flag that staff named in its trigger must have to hear.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Reply => "notify_replies",
            _ => "notify_workflow",
        }
    }

    /// Whether it tells staff of a new ticket.
    pub const fn tells_staff_of_new_tickets(self) -> bool {
        matches!(
            self,
            Self::NewInternalTicket | Self::NewPublicTicketByClient | Self::NewPublicTicketByStaff
        )
    }
}
