//! A client: who pays, and how to reach them.

use chrono::NaiveDate;

use super::text::one_line;
use super::words::{AddressKind, PersonType, words_enum};

/// What stands in place of the name of a client whose data was erased, until the book brings another.
pub const ERASED: &str = "(apagado)";

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

    /// The postal address as a letter bears it, a line each: street, number and complement; district, if
    /// there is one; CEP, city and state. Otherwise the first part that it cannot do without.
    ///
    /// # Errors
    /// What is missing, as a person calls it.
    pub fn postal_address(&self) -> Result<String, &'static str> {
        let part = |text: &Option<String>, called: &'static str| {
            let text = text.as_deref().map(one_line).unwrap_or_default();
            if text.is_empty() {
                Err(called)
            } else {
                Ok(text)
            }
        };
        let street = part(&self.street, "street")?;
        let number = part(&self.number, "number")?;
        let city = part(&self.city, "city")?;
        let state = part(&self.state, "state")?;
        let zip = cep(&part(&self.zip, "CEP")?).ok_or("CEP of eight digits")?;
        let complement =
            part(&self.complement, "").map_or(String::new(), |text| format!(", {text}"));
        let district = part(&self.district, "").map_or(String::new(), |text| format!("\n{text}"));
        Ok(format!(
            "{street}, {number}{complement}{district}\n{zip} {city}/{}",
            state.to_uppercase()
        ))
    }

    /// The number they are best called at: the mobile, else the WhatsApp number.
    pub fn any_phone(&self) -> Option<&str> {
        self.mobile.as_deref().or(self.whatsapp.as_deref())
    }

    /// Whether their data was erased, and nothing came since.
    pub fn is_erased(&self) -> bool {
        self.name == ERASED
    }

    /// The first word of the name.
    pub fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or(&self.name)
    }
}

/// A CEP as it is written: five digits, a hyphen, three.
fn cep(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 8 && digits.bytes().any(|digit| digit != b'0'))
        .then(|| format!("{}-{}", &digits[..5], &digits[5..]))
}

words_enum! {
    /// Which of a client's numbers a message may go to, by its column.
    Number {
        /// The mobile.
        Mobile = "mobile" | "celular",
        /// The number given for WhatsApp.
        Whatsapp = "whatsapp",
        /// The phone at home.
        Phone = "phone" | "telefone",
        /// The phone at work.
        WorkPhone = "work_phone" | "telefone comercial",
    }
}

impl Number {
    /// What stands in its column.
    pub fn of(self, client: &Client) -> Option<&str> {
        match self {
            Self::Mobile => client.mobile.as_deref(),
            Self::Whatsapp => client.whatsapp.as_deref(),
            Self::Phone => client.phone.as_deref(),
            Self::WorkPhone => client.work_phone.as_deref(),
        }
    }
}

#[cfg(test)]
impl Client {
    /// A person who may be written to, of whom nothing else is known.
    pub fn known_as(id: i64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            person_type: PersonType::Individual,
            active: true,
            birth_date: None,
            mobile: None,
            whatsapp: None,
            phone: None,
            work_phone: None,
            email: None,
            email_bounced: None,
            tax_id: None,
            street: None,
            number: None,
            complement: None,
            district: None,
            city: None,
            state: None,
            zip: None,
            branch: None,
            app_first_access_on: None,
            in_collection: true,
            in_reminders: true,
            sms_allowed: true,
            email_allowed: true,
            absent_since: None,
        }
    }
}
