//! The closed vocabularies: each word that files, columns, JSON and flags share, in one place.

use super::text::fold;

/// A closed vocabulary whose members are spelled the same everywhere.
pub trait Word: Copy + Eq + 'static {
    /// Every member, in the order a newcomer should read them.
    const ALL: &'static [Self];
    /// The canonical spelling.
    fn as_str(self) -> &'static str;
    /// The member that a canonical or other accepted spelling names (a lone letter in either case).
    fn parse(text: &str) -> Option<Self>;
    /// All canonical spellings, for an error's remedy.
    fn accepted() -> String {
        Self::ALL
            .iter()
            .map(|word| word.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

macro_rules! words_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $word:literal $(| $alias:literal)*,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$member_doc])* $member,)+ }

        impl $crate::domain::words::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$member,)+];
            fn as_str(self) -> &'static str {
                match self { $(Self::$member => $word,)+ }
            }
            fn parse(text: &str) -> Option<Self> {
                $(if text.eq_ignore_ascii_case($word) $(|| text.eq_ignore_ascii_case($alias))* {
                    return Some(Self::$member);
                })+
                let plain = $crate::domain::words::plain(text);
                $(if [$word $(, $alias)*].iter().any(|known| $crate::domain::words::plain(known) == plain) {
                    return Some(Self::$member);
                })+
                None
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::domain::words::Word::as_str(*self))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::domain::words::Word::as_str(*self))
            }
        }
    };
}

pub(crate) use words_enum;

/// A word without case and accents, its parts joined by `_` however they were: `Bloqueio Automático`
/// is `bloqueio_automatico`.
pub(crate) fn plain(text: &str) -> String {
    let parts: Vec<&str> = text
        .split([' ', '_', '-'])
        .filter(|p| !p.is_empty())
        .collect();
    fold(&parts.join("_"))
}

words_enum! {
    /// How a message travels.
    Channel {
        /// A notification of the subscriber app.
        Push = "push",
        /// An approved WhatsApp template.
        Whatsapp = "whatsapp",
        /// A text message.
        Sms = "sms",
        /// Electronic mail.
        Email = "email" | "e-mail",
        /// A letter on paper (*carta*).
        Letter = "letter" | "carta",
        /// The staff's own chat.
        Chat = "chat",
    }
}

words_enum! {
    /// Why a message is sent: opt-outs and contact hours go by it.
    Purpose {
        /// Money is owed or was paid.
        Collection = "collection" | "cobrança",
        /// The service itself: outages, tickets, the contract.
        Service = "service" | "serviço",
        /// Anything the client could do without.
        Marketing = "marketing",
    }
}

words_enum! {
    /// What a template is about, as the provider's screens group them.
    Kind {
        /// Bills and debts.
        Financial = "financial" | "financeiro",
        /// Tickets and outages.
        Support = "support" | "suporte",
        /// The contract.
        Contract = "contract" | "contrato",
        /// The data quota (*franquia*).
        Allowance = "allowance" | "franquia",
        /// Everything else.
        General = "general" | "geral",
    }
}

impl Kind {
    /// The purpose a template of this kind has unless it says otherwise.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Financial => Purpose::Collection,
            Self::Support | Self::Contract | Self::Allowance => Purpose::Service,
            Self::General => Purpose::Marketing,
        }
    }
}

words_enum! {
    /// Who a client is in law.
    PersonType {
        /// *Pessoa física*.
        Individual = "individual" | "F" | "E" | "física" | "pessoa física" | "estrangeiro",
        /// *Pessoa jurídica*.
        Company = "company" | "J" | "jurídica" | "pessoa jurídica",
    }
}

words_enum! {
    /// The state of a contract.
    ContractStatus {
        /// *Pré-contrato*.
        PreContract = "pre_contract" | "P" | "pré-contrato",
        /// *Ativo*.
        Active = "active" | "A" | "ativo",
        /// *Inativo*.
        Inactive = "inactive" | "I" | "inativo",
        /// *Negativado*.
        Blacklisted = "blacklisted" | "N" | "negativado",
        /// *Desistiu*.
        Withdrawn = "withdrawn" | "D" | "desistiu",
    }
}

impl ContractStatus {
    /// As the provider's screens and clients call it.
    pub const fn in_portuguese(self) -> &'static str {
        match self {
            Self::PreContract => "Pré-contrato",
            Self::Active => "Ativo",
            Self::Inactive => "Inativo",
            Self::Blacklisted => "Negativado",
            Self::Withdrawn => "Desistiu",
        }
    }
}

words_enum! {
    /// The state of a contract's access to the internet.
    AccessStatus {
        /// *Ativo*.
        Active = "active" | "A" | "ativo",
        /// *Desativado*.
        Disabled = "disabled" | "D" | "desativado",
        /// *Bloqueio manual*.
        ManualBlock = "manual_block" | "CM" | "bloqueio manual" | "corte manual",
        /// *Bloqueio automático*.
        AutoBlock = "auto_block" | "CA" | "bloqueio automático" | "corte automático",
        /// *Financeiro em atraso*: warned, not cut.
        PaymentWarning = "payment_warning" | "FA" | "financeiro em atraso",
        /// *Aguardando assinatura*.
        AwaitingSignature = "awaiting_signature" | "AA" | "aguardando assinatura",
    }
}

impl AccessStatus {
    /// As the provider's screens and clients call it.
    pub const fn in_portuguese(self) -> &'static str {
        match self {
            Self::Active => "Ativo",
            Self::Disabled => "Desativado",
            Self::ManualBlock => "Bloqueio manual",
            Self::AutoBlock => "Bloqueio automático",
            Self::PaymentWarning => "Financeiro em atraso",
            Self::AwaitingSignature => "Aguardando assinatura",
        }
    }
}

words_enum! {
    /// The state of an invoice.
    InvoiceStatus {
        /// *A receber*.
        Open = "open" | "A" | "a receber" | "aberto" | "aberta",
        /// *Parcial*.
        Partial = "partial" | "P" | "parcial",
        /// *Recebido*.
        Paid = "paid" | "R" | "recebido" | "pago" | "paga",
        /// *Cancelado*.
        Cancelled = "cancelled" | "C" | "cancelado" | "cancelada",
        /// *Renegociado*.
        Renegotiated = "renegotiated" | "RN" | "renegociado" | "renegociada",
    }
}

words_enum! {
    /// Whether a login is connected.
    Online {
        /// Connected.
        Yes = "yes" | "S" | "sim" | "true" | "1",
        /// Not connected.
        No = "no" | "N" | "não" | "nao" | "false" | "0",
        /// The concentrator did not say.
        Unknown = "unknown" | "SS" | "sem status" | "desconhecida" | "desconhecido",
    }
}

words_enum! {
    /// Which registration a device's address is; Firebase is moving from tokens to installation ids.
    AddressKind {
        /// A registration token.
        Token = "token",
        /// A Firebase installation id.
        Fid = "fid",
    }
}

words_enum! {
    /// Who opened or answered a ticket.
    Author {
        /// The client.
        Client = "client" | "cliente",
        /// A person of the provider.
        Staff = "staff" | "equipe",
        /// Another program.
        Api = "api",
    }
}

words_enum! {
    /// What became of a message.
    Status {
        /// Written down, waiting for its turn.
        Queued = "queued" | "na fila",
        /// Its request may have left.
        Sending = "sending" | "enviando",
        /// The provider took it.
        Sent = "sent" | "enviada" | "enviado",
        /// It will not go: the reason says why.
        Failed = "failed" | "falha" | "falhou",
        /// It was never to go: the reason says why.
        Skipped = "skipped" | "ignorada" | "pulada",
        /// A person took it out of the queue.
        Cancelled = "cancelled" | "cancelada" | "cancelado",
        /// A run died, or the line was lost, between its request and the answer.
        Unknown = "unknown" | "desconhecida",
    }
}

impl Status {
    /// Whether it is an end: what came of the message, until something new is decided about it.
    pub const fn is_end(self) -> bool {
        match self {
            Self::Queued | Self::Sending => false,
            Self::Sent | Self::Failed | Self::Skipped | Self::Cancelled | Self::Unknown => true,
        }
    }
}

words_enum! {
    /// Which journey made a message.
    Origin {
        /// A bulk send.
        Send = "send" | "envio",
        /// The collection ladder.
        Collection = "collection" | "cobrança",
        /// A birthday.
        Birthday = "birthday" | "aniversário",
        /// A ticket event.
        Ticket = "ticket" | "atendimento",
        /// An outage or a maintenance that is told to those whom it concerns.
        Incident = "incident" | "incidente",
        /// A contract cut or connected again.
        Access = "access" | "acesso",
        /// What staff are alerted of: a task that failed, a channel that closed.
        Alert = "alert" | "alerta",
        /// A template sent to oneself.
        Test = "test" | "teste",
    }
}

words_enum! {
    /// Why a message was not sent.
    Reason {
        /// Push: the client never entered the subscriber portal and has no device.
        NoFirstAccess = "no_first_access" | "sem primeiro acesso",
        /// Push: no device, or the provider says the token is gone.
        AppNotInstalled = "app_not_installed" | "aplicativo não instalado",
        /// Push: devices exist, none is logged in.
        NotLoggedIn = "not_logged_in" | "sem login no aplicativo",
        /// Push: logged in, notifications are off.
        NotificationsDisabled = "notifications_disabled" | "notificações desativadas",
        /// No phone or e-mail.
        NoContact = "no_contact" | "sem contato",
        /// A phone or e-mail that cannot work on this channel.
        UnusableContact = "unusable_contact" | "contato inválido",
        /// The client said no to this purpose on this channel.
        OptedOut = "opted_out" | "descadastrado",
        /// The ERP's switch for this channel is off (purpose collection).
        ChannelNotAllowed = "channel_not_allowed" | "canal não permitido",
        /// The contract asks for no notices until a day not yet past (purpose collection).
        OnHold = "on_hold" | "cobrança suspensa",
        /// A variable of the template has no value.
        MissingValue = "missing_value" | "valor ausente",
        /// The client is in an open incident (purposes marketing, and collection where it says so).
        Incident = "incident" | "incidente",
        /// Its invoice is paid in a way that leaves nothing to be paid by hand.
        AutomaticPayment = "automatic_payment" | "pagamento automático",
        /// Its client, invoice, contract or login is gone from the source that brought it.
        Gone = "gone" | "sumiu da fonte" | "sumida da fonte",
        /// A person put the client or the invoice on hold after the message was made.
        Held = "held" | "em espera",
        /// The number stands on a list of those that must not be written to.
        BlockedList = "blocked_list" | "lista de bloqueio",
        /// The client takes no part in collections any more.
        NotInCollection = "not_in_collection" | "fora da cobrança",
        /// The client takes no part in reminders any more.
        NotInReminders = "not_in_reminders" | "fora dos lembretes",
        /// The same key stands already.
        Duplicate = "duplicate" | "repetida",
        /// Folded into another message.
        Merged = "merged" | "agrupada",
        /// Over the contact cap.
        Capped = "capped" | "acima do limite",
        /// What it says of its invoice does not hold any more: it no longer owes, its case has closed,
        /// its due date has moved, it is another client's.
        Settled = "settled" | "não se aplica mais",
        /// Its time ran out before it could go.
        Expired = "expired" | "expirada",
        /// Whatsapp: nobody has it under this number, as the gateway says.
        NotOnWhatsapp = "not_on_whatsapp" | "sem whatsapp",
        /// The provider refused for good.
        Refused = "refused" | "recusada",
        /// Every retry failed.
        GaveUp = "gave_up" | "tentativas esgotadas",
    }
}

words_enum! {
    /// How one try at delivering a message ended.
    AttemptOutcome {
        /// The provider took it.
        Accepted = "accepted" | "aceita",
        /// The provider refused it for good.
        Refused = "refused" | "recusada",
        /// It is to be tried again.
        Later = "later" | "mais tarde",
        /// The provider takes nothing more for now, or nothing of this text.
        Stop = "stop" | "parar",
        /// Its request may have left, and nobody can tell.
        Unknown = "unknown" | "desconhecida",
    }
}

/// Reads a yes/no as an ERP export writes it.
pub fn parse_yes_no(text: &str) -> Option<bool> {
    match text {
        "1" | "S" | "s" | "Y" | "y" => Some(true),
        "0" | "N" | "n" => Some(false),
        _ => match text.to_lowercase().as_str() {
            "true" | "yes" | "sim" => Some(true),
            "false" | "no" | "não" | "nao" => Some(false),
            _ => None,
        },
    }
}

/// What `parse_yes_no` accepts, for an error's remedy.
pub const YES_NO_ACCEPTED: &str = "yes, no (or true, false, 1, 0, sim, não, S, N)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_itself() {
        fn check<W: Word + std::fmt::Debug>() {
            for word in W::ALL {
                assert_eq!(W::parse(word.as_str()), Some(*word));
            }
        }
        check::<Channel>();
        check::<Purpose>();
        check::<Kind>();
        check::<PersonType>();
        check::<ContractStatus>();
        check::<AccessStatus>();
        check::<InvoiceStatus>();
        check::<Online>();
        check::<Author>();
        check::<Status>();
        check::<Origin>();
        check::<Reason>();
        check::<AttemptOutcome>();
    }

    #[test]
    fn the_screens_own_words_are_understood() {
        for text in [
            "Bloqueio Automático",
            "BLOQUEIO AUTOMATICO",
            "corte_automatico",
        ] {
            assert_eq!(AccessStatus::parse(text), Some(AccessStatus::AutoBlock));
        }
        assert_eq!(PersonType::parse("FÍSICA"), Some(PersonType::Individual));
        assert_eq!(InvoiceStatus::parse("A Receber"), Some(InvoiceStatus::Open));
        assert_eq!(
            ContractStatus::parse("Pré-contrato"),
            Some(ContractStatus::PreContract)
        );
        assert_eq!(InvoiceStatus::parse(""), None);
    }

    #[test]
    fn erp_codes_are_understood() {
        assert_eq!(AccessStatus::parse("CA"), Some(AccessStatus::AutoBlock));
        assert_eq!(AccessStatus::parse("A"), Some(AccessStatus::Active));
        assert_eq!(
            InvoiceStatus::parse("RN"),
            Some(InvoiceStatus::Renegotiated)
        );
        assert_eq!(Online::parse("SS"), Some(Online::Unknown));
        assert_eq!(parse_yes_no("Não"), Some(false));
        assert_eq!(parse_yes_no("talvez"), None);
    }
}
