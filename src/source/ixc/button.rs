//! The buttons of the web service that may be pressed: those that give a payment code, and no other.

/// A button of the web service that gives a code: there is no other that can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The Pix code of an invoice.
    GetPix,
    /// The boleto of an invoice, as data.
    GetBoleto,
}

impl Button {
    /// Its name in the address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetPix => "get_pix",
            Self::GetBoleto => "get_boleto",
        }
    }
}
