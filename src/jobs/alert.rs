//! Alerting: what does not go well is told to whoever keeps the house, each thing once a day, by one message a run.

use chrono::TimeDelta;

use super::ending::aside;
use super::run_due::{Hands, deliver_on};
use super::{status, watch};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::alert::{Alert, Alerted, key, message as message_of};
use crate::domain::words::{Channel, Purpose, Word as _};
use crate::error::Result;
use crate::store::message::{self, Inserted};
use crate::store::{Connection, Store, alert as store};

/// Minutes after which it is looked again, though no task ran.
const LOOKED_FOR: i64 = 10;

/// Hours for which a message whose outcome nobody knows is news.
const RECENT: i64 = 24;

/// Looks what there is to tell, writes it down and delivers it; `ran` says that a task ran just now. What did
/// not go well about that is answered, a line each, unless it was told in this outage already.
pub fn tell(store: &mut Store, hands: &mut Hands<'_>, ran: bool) -> Result<Vec<String>> {
    let Some(alerted) = &hands.config.alerts else {
        return Ok(Vec::new());
    };
    let now = hands.clock.now();
    if ran || watch::is_time(store.connection(), LOOKED, LOOKED_FOR, now.at)? {
        // Looked at outside of the transaction first: mostly there is nothing to write.
        let news = !news(store.connection(), hands.config, now)?.is_empty();
        let say = hands.say;
        let config = hands.config;
        store.write(|transaction| {
            watch::note_time(transaction, LOOKED, now.at)?;
            if news {
                write_down(transaction, config, alerted, now, say)?;
            }
            Ok(())
        })?;
    }
    let channels = store::waiting(store.connection(), now.today, now.at)?;
    if channels.is_empty() || hands.stop.asked() > 0 {
        return Ok(Vec::new());
    }
    let delivery = deliver_on(store, hands, &channels)?;
    store.write(|transaction| aside(transaction, "alerts", &delivery, now.at))
}

/// Under which key it is kept when it was last looked.
const LOOKED: &str = "alerts_looked_at";

/// Everything that is to be told and was not today.
fn news(connection: &Connection, config: &Config, now: Now) -> Result<Vec<Alert>> {
    let mut alerts = Vec::new();
    for channel in Channel::ALL {
        let closed = status::closed_channel(connection, *channel)?;
        alerts.extend(closed.map(|found| Alert {
            about: format!("closed:{channel}"),
            what: found.what,
            remedy: found.remedy,
        }));
    }
    let stale = watch::stale(connection, config, now)?;
    alerts.extend(stale.map(|found| Alert {
        about: "stale".to_owned(),
        what: found.what,
        remedy: found.remedy,
    }));
    let since = now.at - TimeDelta::hours(RECENT);
    let unknown = store::unknown_since(connection, since)?;
    if unknown > 0 {
        alerts.push(Alert {
            about: "unknown".to_owned(),
            what: format!("{unknown} messages ended unknown: nobody can tell whether they went"),
            remedy: "regua queue list --unknown; regua queue retry --unknown sends them again"
                .to_owned(),
        });
    }
    let neglects = watch::pressing(connection, now)?.into_iter();
    alerts.extend(neglects.map(|neglect| Alert {
        about: neglect.about,
        what: neglect.what,
        remedy: neglect.remedy,
    }));
    let mut news: Vec<Alert> = Vec::new();
    for alert in alerts {
        let twice = news.iter().any(|known| known.about == alert.about);
        if !twice && !is_told(connection, now, &alert.about)? {
            news.push(alert);
        }
    }
    Ok(news)
}

/// Whether it was told today; the key alone is left where the database was restored since.
fn is_told(connection: &Connection, now: Now, about: &str) -> Result<bool> {
    if store::is_told(connection, now.today, about)? {
        return Ok(true);
    }
    Ok(message::find_key(connection, &key(now.today, about))?.is_some())
}

/// Writes down one message of all that is news, and that it was told: both or neither.
fn write_down(
    connection: &Connection,
    config: &Config,
    to: &Alerted,
    now: Now,
    say: &dyn Fn(&str) -> String,
) -> Result<()> {
    let news = news(connection, config, now)?;
    let not_before = config.policy.not_before(Purpose::Service, now);
    let Some(message) = message_of(&news, to, now, not_before, say) else {
        return Ok(());
    };
    let (Inserted::New(id) | Inserted::Duplicate { id, .. }) =
        message::insert(connection, &message)?;
    for alert in &news {
        store::note(connection, now.today, &alert.about, id)?;
    }
    Ok(())
}
