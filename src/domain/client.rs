//! A client: who pays, and how to reach them.

use chrono::NaiveDate;

use super::words::{AddressKind, PersonType};

/// A client as the book knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The ERP's id.
    pub id: i64,
    /// Full or legal name.
    pub name: String,
    /// A person or a company.
    pub person_type: PersonType,
    /// Whether the registration is active.
    pub active: bool,
    /// Day of birth.
    pub birth_date: Option<NaiveDate>,
    /// Mobile, as kept by [`super::phone::Phone`].
    pub mobile: Option<String>,
    /// WhatsApp number, as kept by [`super::phone::Phone`].
    pub whatsapp: Option<String>,
    /// Home phone, as kept by [`super::phone::Phone`].
    pub phone: Option<String>,
    /// Phone at work, as kept by [`super::phone::Phone`].
    pub work_phone: Option<String>,
    /// E-mail as typed.
    pub email: Option<String>,
    /// The address at which mail to them bounced for good.
    pub email_bounced: Option<String>,
    /// CPF or CNPJ without mask.
    pub tax_id: Option<String>,
    /// Street.
    pub street: Option<String>,
    /// House number, as written.
    pub number: Option<String>,
    /// What else the address needs: flat, block.
    pub complement: Option<String>,
    /// District.
    pub district: Option<String>,
    /// City.
    pub city: Option<String>,
    /// The state's two letters.
    pub state: Option<String>,
    /// Postal code (CEP), as written.
    pub zip: Option<String>,
    /// The provider's branch.
    pub branch: Option<String>,
    /// First day in the subscriber portal.
    pub app_first_access_on: Option<NaiveDate>,
    /// Takes part in collections.
    pub in_collection: bool,
    /// Takes part in reminders.
    pub in_reminders: bool,
    /// The ERP's switch for collection by text message.
    pub sms_allowed: bool,
    /// The ERP's switch for collection by e-mail.
    pub email_allowed: bool,
    /// Since when nobody brings them any more: they take part in nothing.
    pub absent_since: Option<NaiveDate>,
}

/// One installation of the subscriber app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Registration token or installation id.
    pub address: String,
    /// Which of the two.
    pub kind: AddressKind,
    /// Somebody is logged in.
    pub logged_in: bool,
    /// Notifications are on.
    pub notifications_enabled: bool,
}

impl Client {
    /// Street, number and complement on one line; none without a street.
    pub fn address_line(&self) -> Option<String> {
        let street = self.street.as_deref()?;
        let rest = [&self.number, &self.complement];
        let parts = rest.into_iter().flatten().map(String::as_str);
        Some(
            std::iter::once(street)
                .chain(parts)
                .collect::<Vec<_>>()
                .join(", "),
        )
    }

    /// The number they are best called at: the mobile, else the WhatsApp number.
    pub fn any_phone(&self) -> Option<&str> {
        self.mobile.as_deref().or(self.whatsapp.as_deref())
    }

    /// The first word of the name.
    pub fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or(&self.name)
    }
}
