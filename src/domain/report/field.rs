//! The fields of a report: what each is called, holds and means, one line a field.

use crate::domain::day;
use crate::domain::money;
use crate::domain::words::{
    AccessStatus, ContractStatus, InvoiceStatus, Online, PersonType, Word, YES_NO_ACCEPTED,
    words_enum,
};
use crate::error::{Flaw, Result, did_you_mean};

words_enum! {
    /// What a report has one row for.
    ReportKind {
        /// Contracts.
        Contracts = "contracts" | "contratos",
        /// Logins.
        Logins = "logins",
        /// Invoices.
        Invoices = "invoices" | "faturas",
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    /// A whole number: an id, a count, days.
    Number,
    /// An amount.
    Money,
    /// A day.
    Day,
    /// An instant.
    Instant,
    /// Yes or no.
    YesNo,
    /// A text.
    Text,
    /// A phone, kept as E.164.
    Phone,
    /// One of a closed set of words: how one is read, and what they are.
    Word(fn(&str) -> Option<&'static str>, fn() -> String),
}

impl FieldType {
    /// As `report fields` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Money => "money",
            Self::Day => "date",
            Self::Instant => "date-time",
            Self::YesNo => "yes/no",
            Self::Text => "text",
            Self::Phone => "phone",
            Self::Word(..) => "word",
        }
    }

    /// What a filter's value may be.
    pub fn accepted(self) -> String {
        match self {
            Self::Number => "a whole number".to_owned(),
            Self::Money => format!("an amount such as {}", money::ACCEPTED),
            Self::Day | Self::Instant => format!("a date: {}", day::ACCEPTED),
            Self::YesNo => YES_NO_ACCEPTED.to_owned(),
            Self::Text => "any text".to_owned(),
            Self::Phone => "a phone, or part of one after ~".to_owned(),
            Self::Word(_, accepted) => accepted(),
        }
    }

    pub(super) const fn ordered(self) -> bool {
        matches!(self, Self::Number | Self::Money | Self::Day | Self::Instant)
    }

    pub(super) const fn textual(self) -> bool {
        matches!(self, Self::Text | Self::Phone)
    }
}

const fn word<W: Word>() -> FieldType {
    FieldType::Word(|text| W::parse(text).map(W::as_str), W::accepted)
}

macro_rules! fields {
    ($($group:ident {
        $($member:ident = $name:literal: $kind:expr, $doc:literal;)+
    })+) => {
        /// A field of a report.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $($(#[doc = $doc] $member,)+)+ }

        $(const $group: &[Field] = &[$(Field::$member,)+];)+

        impl Field {
            /// Every field of every kind.
            pub const ALL: &'static [Self] = &[$($(Self::$member,)+)+];

            /// Its name in filters, headers and JSON.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$member => $name,)+)+ }
            }

            /// What it holds.
            pub const fn field_type(self) -> FieldType {
                match self { $($(Self::$member => $kind,)+)+ }
            }

            /// What it means, in a few words.
            pub const fn meaning(self) -> &'static str {
                match self { $($(Self::$member => $doc,)+)+ }
            }
        }
    };
}

fields! {
    LOGIN {
        LoginId = "login_id": FieldType::Number, "the login's id";
        Username = "username": FieldType::Text, "PPPoE user";
        LoginActive = "login_active": FieldType::YesNo, "whether the login is active";
        Online = "online": word::<Online>(), "whether it is connected";
        Ip = "ip": FieldType::Text, "its address";
        Concentrator = "concentrator": FieldType::Text, "the concentrator it hangs on";
        Pop = "pop": FieldType::Text, "point of presence";
        Box = "box": FieldType::Text, "splice box";
        LastOnlineAt = "last_online_at": FieldType::Instant, "when it was last seen";
    }
    INVOICE {
        InvoiceId = "invoice_id": FieldType::Number, "the invoice's id";
        InvoiceStatusField = "invoice_status": word::<InvoiceStatus>(), "state of the invoice";
        DueOn = "due_on": FieldType::Day, "printed due date";
        IssuedOn = "issued_on": FieldType::Day, "day of issue";
        OpenAmount = "open_amount": FieldType::Money, "what is still owed";
        InvoiceOverdueDays = "overdue_days": FieldType::Number, "days since the printed due date, while unpaid";
        InvoicePortfolio = "portfolio": FieldType::Text, "billing portfolio of the invoice";
    }
    CONTRACT {
        ContractId = "contract_id": FieldType::Number, "the contract's id";
        ContractStatusField = "contract_status": word::<ContractStatus>(), "state of the contract";
        AccessStatusField = "access_status": word::<AccessStatus>(), "state of its access";
        Plan = "plan": FieldType::Text, "the plan";
        Seller = "seller": FieldType::Text, "who sold it";
        Branch = "branch": FieldType::Text, "the contract's branch, else the client's";
        ActivatedOn = "activated_on": FieldType::Day, "day of activation";
        ClientId = "client_id": FieldType::Number, "the client's id";
        ClientName = "client_name": FieldType::Text, "the client's name";
        ClientActive = "client_active": FieldType::YesNo, "whether the registration is active";
        PersonTypeField = "person_type": word::<PersonType>(), "a person or a company";
        City = "city": FieldType::Text, "the contract's city, else the client's";
        District = "district": FieldType::Text, "the contract's district, else the client's";
        BirthDate = "birth_date": FieldType::Day, "day of birth";
        Mobile = "mobile": FieldType::Phone, "the client's mobile";
        Email = "email": FieldType::Text, "the client's e-mail";
        OpenInvoices = "open_invoices": FieldType::Number, "owing invoices of the contract";
        OverdueInvoices = "overdue_invoices": FieldType::Number, "those of them past their due date";
        OldestDueOn = "oldest_due_on": FieldType::Day, "due date of the oldest owing one";
        OverdueDays = "overdue_days": FieldType::Number, "days since that due date";
        OverdueTotal = "overdue_total": FieldType::Money, "what the overdue ones come to";
        Portfolio = "portfolio": FieldType::Text, "billing portfolio of the oldest owing one";
        HasApp = "has_app": FieldType::YesNo, "whether the client has the app on a device";
    }
}

impl ReportKind {
    /// Its fields, in the order of its columns.
    pub fn fields(self) -> Vec<Field> {
        let own: &[Field] = match self {
            Self::Contracts => &[],
            Self::Logins => LOGIN,
            Self::Invoices => INVOICE,
        };
        let shadowed = |field: &Field| own.iter().any(|f| f.name() == field.name());
        own.iter()
            .chain(CONTRACT.iter().filter(|field| !shadowed(field)))
            .copied()
            .collect()
    }

    /// The field of that name.
    pub fn field(self, name: &str) -> Option<Field> {
        self.fields().into_iter().find(|field| field.name() == name)
    }

    /// The field that numbers its rows.
    pub const fn row_id(self) -> Field {
        match self {
            Self::Contracts => Field::ContractId,
            Self::Logins => Field::LoginId,
            Self::Invoices => Field::InvoiceId,
        }
    }

    /// The field of that name, which must be one; `place` names where it was written.
    pub(super) fn known_field(self, name: &str, place: &str) -> Result<Field, Flaw> {
        self.field(name).ok_or_else(|| {
            let names: Vec<&str> = self.fields().iter().map(|f| f.name()).collect();
            let accepted = format!("accepted: {}", names.join(", "));
            let remedy = did_you_mean(name, names.iter().copied()).map_or_else(
                || accepted.clone(),
                |question| format!("{question} {accepted}"),
            );
            Flaw::at(place, format!("`{name}` is not a field of {self}"), remedy)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_each_field_once() {
        for kind in ReportKind::ALL {
            let mut names: Vec<_> = kind.fields().iter().map(|f| f.name()).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all);
        }
        assert_eq!(ReportKind::Contracts.fields().len(), 23);
        assert_eq!(ReportKind::Logins.fields().len(), 32);
        assert_eq!(ReportKind::Invoices.fields().len(), 28);
        assert_eq!(Field::ALL.len(), 39);
    }
}
