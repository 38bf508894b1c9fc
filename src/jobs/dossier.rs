//! The dossier: a client's notices as they were sent, with what proves them, as a page that one hands over.
//!
//! It is made of what is written down and of nothing else, so that it is the same, byte for byte, each time.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::config::Config;
use crate::domain::channel::AddressForm;
use crate::domain::client::Client;
use crate::domain::message::{Attempt, Message};
use crate::domain::notice::NoticeKind;
use crate::domain::receipt::ReceiptKind;
use crate::domain::words::{AttemptOutcome, Channel, Status};
use crate::domain::{day, phone, tax_id};
use crate::error::{Result, not_in_the_book};
use crate::jobs::notice::allowed_by;
use crate::store::notice::{self, GivenNotice};
use crate::store::receipt::{self, KeptReceipt};
use crate::store::{Connection, book, evidence, message};

/// Whose dossier it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// All notices of a client.
    Client(i64),
    /// Those that speak of an invoice.
    Invoice(i64),
}

/// How it looks, on a screen and on paper.
const STYLE: &str = include_str!("dossier.css");

/// The page of a dossier.
///
/// # Errors
/// When the book has no such client or invoice.
pub fn page(connection: &Connection, config: &Config, subject: Subject) -> Result<String> {
    let (client_id, invoice_id) = match subject {
        Subject::Client(id) => (id, None),
        Subject::Invoice(id) => {
            let invoice =
                book::invoice(connection, id)?.ok_or_else(|| not_in_the_book("invoice", id))?;
            (invoice.client_id, Some(id))
        }
    };
    let client =
        book::client(connection, client_id)?.ok_or_else(|| not_in_the_book("client", client_id))?;
    // What a former client of the invoice was told is no proof against this one.
    let notices = notice::of(connection, client_id, invoice_id)?;
    let mut page = Page {
        html: String::new(),
        zone: config.timezone,
    };
    page.head(config, &client, invoice_id);
    if notices.is_empty() {
        page.line("<p class=\"none\">Nenhum aviso foi registrado.</p>");
    }
    for (place, given) in notices.iter().enumerate() {
        page.notice(connection, config, place + 1, given)?;
    }
    page.foot(connection)?;
    Ok(page.html)
}

/// The page as it grows.
struct Page {
    html: String,
    zone: Tz,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.html.push_str(text);
        self.html.push('\n');
    }

    /// A row of a table of names and values; nothing where there is no value.
    fn row(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            // Writing to a text does not fail.
            let _ = writeln!(
                self.html,
                "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>",
                escaped(value.as_ref())
            );
        }
    }

    fn instant(&self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.zone);
        local.format("%d/%m/%Y às %H:%M:%S (UTC%:z)").to_string()
    }

    fn head(&mut self, config: &Config, client: &Client, invoice_id: Option<i64>) {
        self.line("<!doctype html>\n<html lang=\"pt-BR\">\n<head>\n<meta charset=\"utf-8\">");
        self.line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        let _ = writeln!(
            self.html,
            "<title>Comprovação de avisos: cliente {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>",
            client.id
        );
        self.line("<header>\n<h1>Comprovação de avisos</h1>");
        self.line("<p class=\"lead\">Avisos enviados ao consumidor antes da suspensão do serviço, da rescisão do contrato e do registro em órgãos de proteção ao crédito (Resolução Anatel nº 765/2023, arts. 70 a 78).</p>");
        self.line("<table class=\"facts\">\n<caption>Partes</caption>");
        self.row("Prestadora", config.company.name.as_deref());
        self.row("CNPJ da prestadora", config.company.tax_id.as_deref());
        self.row("Telefone da prestadora", config.company.phone.as_deref());
        self.row("Consumidor", Some(&client.name));
        self.row("CPF/CNPJ", client.tax_id.as_deref().map(tax_id::punctuated));
        self.row("Código do cliente", Some(client.id.to_string()));
        self.row("Endereço", client.address_line());
        let city = client.city.as_deref().map(|city| match &client.state {
            Some(state) => format!("{city}/{state}"),
            None => city.to_owned(),
        });
        self.row("Cidade", city);
        self.row("Fatura", invoice_id.map(|id| id.to_string()));
        self.line("</table>\n</header>");
    }

    fn notice(
        &mut self,
        connection: &Connection,
        config: &Config,
        place: usize,
        given: &GivenNotice,
    ) -> Result<()> {
        let _ = writeln!(
            self.html,
            "<section>\n<h2>{place}. Aviso de {}</h2>",
            given.kind.in_portuguese()
        );
        let found = message::get(connection, given.message_id)?;
        self.summary(config, given, found.as_ref());
        self.invoices(connection, given.message_id)?;
        match &found {
            Some(message) => {
                self.text(message);
                self.attempts(&message::attempts(connection, message.id)?);
                self.receipts(&receipt::of_message(connection, message.id)?);
            }
            None => self.line("<p class=\"none\">A mensagem foi eliminada pelo prazo de guarda; ficam os dados acima e os resumos abaixo.</p>"),
        }
        self.evidence(connection, given.message_id)?;
        self.line("</section>");
        Ok(())
    }

    fn summary(&mut self, config: &Config, given: &GivenNotice, message: Option<&Message>) {
        self.line("<table class=\"facts\">\n<caption>Envio</caption>");
        self.row("Mensagem nº", Some(given.message_id.to_string()));
        self.row("Contrato", given.contract_id.map(|id| id.to_string()));
        self.row("Canal", Some(channel(given.channel)));
        let address = message.and_then(|message| message.address.as_deref());
        self.row(
            "Enviado para",
            address.map(|text| shown(given.channel, text)),
        );
        let status = given.status.map_or("eliminada", state);
        self.row("Situação", Some(status));
        let created = message.map(|message| self.instant(message.created_at));
        self.row("Registrada em", created);
        let sent = given.sent_at.map(|at| self.instant(at));
        self.row("Enviada em", sent);
        let delivered = given.delivered_at.map(|at| self.instant(at));
        self.row(
            "Entrega confirmada em",
            Some(delivered.unwrap_or_else(|| "sem confirmação de entrega".to_owned())),
        );
        let number = message.and_then(|message| message.provider_id.as_deref());
        self.row("Identificador do provedor", number);
        // A later notice announces what the one of the suspension allows.
        if given.kind == NoticeKind::Suspension
            && let Some((_, dates)) = allowed_by(given, &config.policy, self.zone)
        {
            let (first, last) = (dates.suspension, dates.rescission);
            self.row(
                "Suspensão possível a partir de",
                Some(day::in_portuguese(first)),
            );
            self.row(
                "Rescisão possível a partir de",
                Some(day::in_portuguese(last)),
            );
        }
        self.line("</table>");
    }

    fn invoices(&mut self, connection: &Connection, message_id: i64) -> Result<()> {
        self.line("<table class=\"list\">\n<caption>Faturas na data do aviso</caption>\n<thead><tr><th>Fatura</th><th>Documento</th><th>Vencimento</th><th class=\"n\">Valor</th><th class=\"n\">Em aberto</th></tr></thead>\n<tbody>");
        for invoice in notice::invoices_then(connection, message_id)? {
            let _ = writeln!(
                self.html,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                invoice.id,
                escaped(invoice.number.as_deref().unwrap_or("–")),
                day::in_portuguese(invoice.due_on),
                invoice.amount,
                invoice.owed
            );
        }
        self.line("</tbody>\n</table>");
        Ok(())
    }

    fn text(&mut self, message: &Message) {
        self.line(match message.status {
            Status::Sent | Status::Failed | Status::Unknown => "<h3>Texto enviado</h3>",
            _ => "<h3>Texto, que não foi enviado</h3>",
        });
        let title = message.title.as_deref().unwrap_or_default();
        match &message.body {
            Some(body) => {
                self.line("<blockquote>");
                if !title.is_empty() {
                    let _ = writeln!(self.html, "<p class=\"title\">{}</p>", escaped(title));
                }
                let _ = writeln!(self.html, "<pre>{}</pre>\n</blockquote>", escaped(body));
            }
            None => self
                .line("<p class=\"none\">O texto foi eliminado; o resumo abaixo o identifica.</p>"),
        }
    }

    fn attempts(&mut self, attempts: &[Attempt]) {
        if attempts.is_empty() {
            return;
        }
        self.line("<table class=\"list\">\n<caption>Tentativas de envio e respostas do provedor</caption>\n<thead><tr><th>Nº</th><th>Data e hora</th><th>Provedor</th><th>Resultado</th><th>Resposta</th><th>Identificador</th></tr></thead>\n<tbody>");
        for attempt in attempts {
            let answer = [&attempt.code, &attempt.text];
            let answer: Vec<&str> = answer.into_iter().flatten().map(String::as_str).collect();
            let _ = writeln!(
                self.html,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"id\">{}</td></tr>",
                attempt.number,
                self.instant(attempt.at),
                escaped(&attempt.provider),
                outcome(attempt.outcome),
                escaped(&answer.join(": ")),
                escaped(attempt.provider_id.as_deref().unwrap_or("–")),
            );
        }
        self.line("</tbody>\n</table>");
    }

    fn receipts(&mut self, receipts: &[KeptReceipt]) {
        if receipts.is_empty() {
            return;
        }
        self.line("<table class=\"list\">\n<caption>Confirmações do provedor</caption>\n<thead><tr><th>Data e hora</th><th>Confirmação</th><th>Detalhe</th><th>Identificador</th></tr></thead>\n<tbody>");
        for KeptReceipt { receipt, .. } in receipts {
            let detail = [&receipt.code, &receipt.text];
            let detail: Vec<&str> = detail.into_iter().flatten().map(String::as_str).collect();
            let _ = writeln!(
                self.html,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"id\">{}</td></tr>",
                self.instant(receipt.at),
                confirmation(receipt.kind, receipt.permanent),
                escaped(&detail.join(": ")),
                escaped(receipt.provider_id.as_deref().unwrap_or_default()),
            );
        }
        self.line("</tbody>\n</table>");
    }

    /// The ledger's records of a message.
    fn evidence(&mut self, connection: &Connection, message_id: i64) -> Result<()> {
        let records = evidence::of_message(connection, message_id)?;
        if records.is_empty() {
            return Ok(());
        }
        self.line("<table class=\"list\">\n<caption>Registros encadeados (SHA-256)</caption>\n<thead><tr><th>Registro</th><th>Data e hora</th><th>Evento</th><th>Resumo</th></tr></thead>\n<tbody>");
        for record in records {
            let _ = writeln!(
                self.html,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"digest\">{}</td></tr>",
                record.number,
                self.instant(record.at),
                event(&record.what),
                record.digest
            );
        }
        self.line("</tbody>\n</table>");
        Ok(())
    }

    fn foot(&mut self, connection: &Connection) -> Result<()> {
        self.line("<footer>\n<h2>Como conferir</h2>");
        self.line("<p>Cada registro traz o resumo SHA-256 do registro anterior e do seu próprio conteúdo: alterar, trocar de ordem ou retirar um registro muda todos os seguintes. O comando <code>regua evidence verify</code> refaz todos os resumos e compara cada mensagem com os seus registros.</p>");
        if let Some(first) = evidence::first_at(connection)? {
            let _ = writeln!(
                self.html,
                "<p>O registro encadeado existe desde {}.</p>",
                self.instant(first)
            );
        }
        self.line("</footer>\n</main>\n</body>\n</html>");
        Ok(())
    }
}

/// A text as HTML shows it, control characters and direction marks left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn shown(by: Channel, address: &str) -> String {
    match by.nature().address {
        AddressForm::Phone { .. } => phone::shown(address),
        AddressForm::Postal => address.replace('\n', ", "),
        _ => address.to_owned(),
    }
}

fn channel(channel: Channel) -> String {
    channel.nature().portuguese.to_owned()
}

const fn state(status: Status) -> &'static str {
    match status {
        Status::Queued => "na fila",
        Status::Sending => "em envio",
        Status::Sent => "enviada (aceita pelo provedor)",
        Status::Failed => "recusada",
        Status::Skipped => "não enviada",
        Status::Cancelled => "cancelada",
        Status::Unknown => "sem resposta do provedor",
    }
}

const fn outcome(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Accepted => "aceita",
        AttemptOutcome::Refused => "recusada",
        AttemptOutcome::Later => "adiada pelo provedor",
        AttemptOutcome::Stop => "canal interrompido",
        AttemptOutcome::Unknown => "sem resposta",
    }
}

const fn confirmation(kind: ReceiptKind, permanent: bool) -> &'static str {
    match kind {
        ReceiptKind::Sent => "enviada",
        ReceiptKind::Delivered => "entregue",
        ReceiptKind::Read => "lida",
        ReceiptKind::Failed => "falhou",
        ReceiptKind::Bounced if permanent => "devolvida",
        ReceiptKind::Bounced => "adiada",
        ReceiptKind::Replied => "respondida",
    }
}

/// What a record is of.
fn event(what: &str) -> &str {
    match what {
        "sent" => "enviada",
        "failed" => "recusada",
        "skipped" => "não enviada",
        "cancelled" => "cancelada",
        "unknown" => "sem resposta",
        "receipt" => "confirmação do provedor",
        other => other,
    }
}
