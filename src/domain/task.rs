//! A task: what cron starts, when, in which order, and what is unwise about it.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};

use super::contact_hours::{ContactHours, Window};
use super::policy::PurposeMap;
use super::schedule::Schedule;
use super::words::{Channel, Purpose, words_enum};
use crate::error::Flaw;

words_enum! {
    /// What a task runs.
    Run {
        /// Evaluates every collection rule for today.
        CollectionUpdate = "collection-update" | "atualizar cobranças",
        /// Puts today's birthday messages in the queue.
        BirthdayQueue = "birthday-queue" | "fila de aniversariantes",
        /// Delivers what is queued.
        SendQueue = "send-queue" | "enviar fila",
        /// Sends a template to a saved report.
        Send = "send" | "envio",
        /// Reads the ERP.
        Sync = "sync" | "sincronizar",
        /// Fetches the payment codes that today's texts need.
        Codes = "codes" | "códigos de pagamento",
        /// Asks providers what became of messages.
        Receipts = "receipts" | "recibos",
        /// Hands over what is due to the hosts that share the queue.
        Share = "share" | "entregar às máquinas",
        /// Deletes what the retention says.
        Purge = "purge" | "expurgo",
        /// Copies the database.
        Backup = "backup" | "cópia de segurança",
    }
}

words_enum! {
    /// How a task's run ended.
    RunOutcome {
        /// It has begun; its process lives, or died without a word.
        Running = "running" | "em andamento",
        /// All done.
        Done = "done" | "concluída",
        /// Done, but some messages or rows failed for good or ended unknown.
        Incomplete = "incomplete" | "incompleta",
        /// It ended in an error.
        Failed = "failed" | "falha",
        /// Its process died before the end.
        Interrupted = "interrupted" | "interrompida",
    }
}

impl Run {
    /// Whether it puts messages in the queue.
    pub const fn fills_the_queue(self) -> bool {
        matches!(
            self,
            Self::CollectionUpdate | Self::BirthdayQueue | Self::Send
        )
    }

    /// Where it stands within one run-due: facts first, then what fills the queue, then the
    /// queue, then the housekeeping.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Sync => 0,
            Self::Codes => 1,
            Self::Receipts => 2,
            Self::CollectionUpdate => 3,
            Self::BirthdayQueue => 4,
            Self::Send => 5,
            Self::SendQueue => 6,
            Self::Share => 7,
            Self::Purge => 8,
            Self::Backup => 9,
        }
    }
}

/// A task as it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// What it runs.
    pub run: Run,
    /// When.
    pub schedule: Schedule,
    /// Whether run-due looks at it.
    pub enabled: bool,
    /// `send-queue`: the channels it delivers; none means all.
    pub channels: Vec<Channel>,
    /// `send`: the saved report.
    pub report: Option<String>,
    /// `send`: the template.
    pub template: Option<String>,
    /// `send`: at most so many recipients.
    pub limit: Option<i64>,
    /// `sync`: the kinds it reads; none means all.
    pub kinds: Vec<String>,
    /// `sync`: everything is read, changed or not; only so is it seen what is gone.
    pub full: bool,
}

impl Task {
    /// What is wrong between its parts, by their keys as TOML spells them; the flags are the same words.
    /// The schedule is right by construction.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flaw =
            |key: &str, found: &str, remedy: &str| flaws.push(Flaw::of(key, found, remedy));
        if self.run == Run::Send {
            if self.report.is_none() {
                flaw("report", "is missing", "name a saved report");
            }
            if self.template.is_none() {
                flaw("template", "is missing", "name a template");
            }
        } else {
            let remedy = "leave it out, or run send";
            let reason = format!("is of no use to {}", self.run);
            for (key, given) in [
                ("report", self.report.is_some()),
                ("template", self.template.is_some()),
                ("limit", self.limit.is_some()),
            ] {
                if given {
                    flaw(key, &reason, remedy);
                }
            }
        }
        if self.limit.is_some_and(|limit| limit < 1) {
            flaw("limit", "is below 1", "write a whole number from 1");
        }
        if self.run != Run::SendQueue && !self.channels.is_empty() {
            flaw(
                "channels",
                &format!("is of no use to {}", self.run),
                "leave it out, or run send-queue",
            );
        }
        if self.run != Run::Sync {
            let reason = format!("is of no use to {}", self.run);
            for (key, given) in [("kinds", !self.kinds.is_empty()), ("full", self.full)] {
                if given {
                    flaw(key, &reason, "leave it out, or run sync");
                }
            }
        }
        flaws
    }

    /// Whether it delivers what waits in the queue of a channel, or hands it over.
    pub fn forwards(&self, channel: Channel) -> bool {
        self.enabled
            && matches!(self.run, Run::SendQueue | Run::Share)
            && (self.channels.is_empty() || self.channels.contains(&channel))
    }
}

/// A task that is owed a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The task.
    pub task: Task,
    /// The matching minute for which it runs.
    pub due_at: DateTime<Utc>,
}

/// Puts the tasks of one run-due in order: by what they run, then by name.
pub fn in_order(owed: &mut [Owed]) {
    owed.sort_by(|a, b| (a.task.run.rank(), &a.task.name).cmp(&(b.task.run.rank(), &b.task.name)));
}

/// What a warning about tasks looks at besides the tasks.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The contact hours of each purpose.
    pub hours: &'a PurposeMap<ContactHours>,
    /// Hours of birthday messages.
    pub birthday_hours: Window,
    /// A whatsapp template that some rule sends, if one does.
    pub whatsapp_in_rules: Option<&'a str>,
    /// The birthday template, if it is a whatsapp one.
    pub whatsapp_birthday: Option<&'a str>,
    /// All whatsapp templates by name, each with its purpose.
    pub whatsapp_templates: &'a [(String, Purpose)],
    /// Whether several hosts share the queue.
    pub shared: bool,
}

/// What is acceptable but unwise about the tasks, sentence by sentence with the task it is about.
/// Disabled tasks are at rest and warn of nothing.
pub fn warnings(tasks: &[Task], around: &Surroundings<'_>) -> Vec<(String, String)> {
    let mut warnings = Vec::new();
    for task in tasks.iter().filter(|task| task.enabled) {
        let mut warn = |text: String| warnings.push((task.name.clone(), text));
        match task.run {
            Run::CollectionUpdate if outside(&task.schedule, &around.hours.collection) => {
                warn(format!(
                    "`{}` can fall outside the collection contact hours: what it decides then waits for the next open hour",
                    task.schedule
                ));
            }
            Run::BirthdayQueue if !task.schedule.is_daily() => warn(format!(
                "`{}` is not every day: birthdays on the other days get no message",
                task.schedule
            )),
            Run::BirthdayQueue if too_late(&task.schedule, around.birthday_hours) => warn(format!(
                "`{}` is after the hours of birthday messages ({}), which expire at the end of the day",
                task.schedule,
                written(around.birthday_hours)
            )),
            Run::Share if !around.shared => warn(
                "there is no [queue.shared] in the configuration: it hands over nothing".to_owned(),
            ),
            _ => {}
        }
        if let Some(text) = not_forwarded(task, tasks, around) {
            warn(text);
        }
    }
    warnings
}

/// That what a task puts in the queue by whatsapp is forwarded by none of the tasks in time.
pub fn not_forwarded(task: &Task, tasks: &[Task], around: &Surroundings<'_>) -> Option<String> {
    let whatsapp = match task.run {
        _ if !task.enabled => None,
        Run::CollectionUpdate => around.whatsapp_in_rules,
        Run::BirthdayQueue => around.whatsapp_birthday,
        Run::Send => task.template.as_deref(),
        _ => None,
    }?;
    let mut known = around.whatsapp_templates.iter();
    let (template, purpose) = known.find(|(known, _)| known == whatsapp)?;
    let hours = match task.run {
        Run::BirthdayQueue => ContactHours::daily(around.birthday_hours),
        _ => *around.hours.get(*purpose),
    };
    let queues: Vec<&Schedule> = tasks
        .iter()
        .filter(|task| Channel::that(|n| !n.at_once).any(|c| task.forwards(c)))
        .map(|task| &task.schedule)
        .collect();
    (!is_forwarded(&task.schedule, &queues, &hours)).then(|| {
        format!(
            "its whatsapp template `{template}` waits in the queue, and no enabled send-queue task forwards it later the same day, within the hours it keeps"
        )
    })
}

/// Whether a schedule can fall outside contact hours, holidays left aside: no schedule of
/// crontab(5) can know them, and what falls on one waits for the next open hour.
fn outside(schedule: &Schedule, hours: &ContactHours) -> bool {
    let ContactHours::Weekly {
        weekdays,
        saturday,
        sunday,
        ..
    } = *hours
    else {
        return false;
    };
    (0..7)
        .filter(|weekday| schedule.falls_on(*weekday))
        .map(|weekday| match weekday {
            0 => sunday,
            6 => saturday,
            _ => weekdays,
        })
        .any(|window| {
            schedule
                .minutes_of_day()
                .any(|minute| !window.is_some_and(|window| holds(window, minute)))
        })
}

/// Whether every run of a schedule comes after a window has closed for the day.
fn too_late(schedule: &Schedule, window: Window) -> bool {
    window.to != NaiveTime::MIN
        && schedule
            .minutes_of_day()
            .all(|minute| time_of(minute) >= window.to)
}

fn written(window: Window) -> String {
    let to = if window.to == NaiveTime::MIN {
        "24:00".to_owned()
    } else {
        window.to.format("%H:%M").to_string()
    };
    format!("{}-{to}", window.from.format("%H:%M"))
}

fn holds(window: Window, minute: u32) -> bool {
    let time = time_of(minute);
    time >= window.from && (window.to == NaiveTime::MIN || time < window.to)
}

fn time_of(minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap_or(NaiveTime::MIN)
}

/// Whether on every day on which the producer runs, one of the queues runs at its last minute or
/// later, and while the hours of what it makes are open: within one run-due the queue comes after what
/// fills it. What is made after the hours, or on a day without, waits for another day and asks for none.
fn is_forwarded(producer: &Schedule, queues: &[&Schedule], hours: &ContactHours) -> bool {
    let windows: Vec<Option<Window>> = (0..7).map(|weekday| hours.window_on(weekday)).collect();
    let before =
        |minute: u32, window: Window| window.to == NaiveTime::MIN || time_of(minute) < window.to;
    // By weekday, counted from Sunday: nothing to forward, or which queues come in time.
    let in_time: Vec<Option<Vec<&&Schedule>>> = windows
        .into_iter()
        .map(|window| {
            let window = window?;
            let last = producer
                .minutes_of_day()
                .filter(|minute| before(*minute, window))
                .last()?;
            let takes = |queue: &&&Schedule| {
                queue.minutes_of_day().any(|minute| {
                    minute >= last && time_of(minute) >= window.from && before(minute, window)
                })
            };
            Some(queues.iter().filter(takes).collect())
        })
        .collect();
    // Every date falls on every weekday, in leap years and others, within 28 years.
    let first = NaiveDate::from_ymd_opt(2001, 1, 1).unwrap_or_default();
    (0..28 * 366)
        .map(|ahead| first + Days::new(ahead))
        .filter(|day| producer.matches_day(*day))
        .all(|day| {
            let weekday = day.weekday().num_days_from_sunday() as usize;
            match in_time.get(weekday) {
                Some(Some(queues)) => queues.iter().any(|queue| queue.matches_day(day)),
                _ => true,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::Word as _;

    fn schedule(line: &str) -> Schedule {
        let texts: Vec<&str> = line.split(' ').collect();
        Schedule::parse(texts.try_into().expect("five fields")).expect(line)
    }

    fn task(name: &str, run: Run, line: &str) -> Task {
        Task {
            name: name.to_owned(),
            run,
            schedule: schedule(line),
            enabled: true,
            channels: Vec::new(),
            report: None,
            template: None,
            limit: None,
            kinds: Vec::new(),
            full: false,
        }
    }

    fn told(tasks: &[Task], rules: Option<&str>, birthday: Option<&str>) -> Vec<String> {
        let hours = PurposeMap {
            collection: ContactHours::prudent(),
            service: ContactHours::Always,
            marketing: ContactHours::prudent(),
        };
        let templates = [("hello".to_owned(), Purpose::Marketing)];
        warnings(
            tasks,
            &Surroundings {
                hours: &hours,
                birthday_hours: Window::parse("08:00-20:00").expect("a window"),
                whatsapp_in_rules: rules,
                whatsapp_birthday: birthday,
                whatsapp_templates: &templates,
                shared: false,
            },
        )
        .into_iter()
        .map(|(name, text)| format!("{name}: {text}"))
        .collect()
    }

    #[test]
    fn facts_come_first_then_producers_then_the_queue_then_housekeeping() {
        let mut owed: Vec<Owed> = [
            ("a", Run::Backup),
            ("b", Run::Purge),
            ("b2", Run::Share),
            ("c", Run::SendQueue),
            ("e", Run::Send),
            ("d", Run::Send),
            ("f", Run::BirthdayQueue),
            ("g", Run::CollectionUpdate),
            ("h", Run::Sync),
        ]
        .into_iter()
        .map(|(name, run)| Owed {
            task: task(name, run, "* * * * *"),
            due_at: DateTime::UNIX_EPOCH,
        })
        .collect();
        in_order(&mut owed);
        let names: Vec<&str> = owed.iter().map(|owed| owed.task.name.as_str()).collect();
        assert_eq!(names, ["h", "g", "f", "d", "e", "c", "b2", "b", "a"]);
    }

    #[test]
    fn the_parts_of_a_task_must_fit_what_it_runs() {
        let keys = |task: &Task| -> Vec<String> {
            task.flaws().into_iter().map(|flaw| flaw.key).collect()
        };
        let mut send = task("s", Run::Send, "0 9 * * *");
        assert_eq!(keys(&send), ["report", "template"]);
        send.report = Some("cut".to_owned());
        send.template = Some("hello".to_owned());
        send.limit = Some(0);
        assert_eq!(keys(&send), ["limit"]);
        send.limit = Some(10);
        assert_eq!(keys(&send), [""; 0]);
        send.run = Run::Purge;
        send.channels = vec![Channel::Sms];
        assert_eq!(keys(&send), ["report", "template", "limit", "channels"]);
    }

    #[test]
    fn a_collection_update_outside_contact_hours_warns() {
        for (line, warns) in [
            ("30 8 * * 1-5", false),
            ("30 8 * * 1-6", false),
            ("30 8 * * *", true),
            ("30 14 * * 6", true),
            ("59 13 * * sat", false),
            ("0 20 * * 1", true),
            ("* 8-19 * * 1-5", false),
            ("*/10 * * * 1-5", true),
            ("30 8 1 * 1-5", true),
        ] {
            let tasks = [task("c", Run::CollectionUpdate, line)];
            assert_eq!(told(&tasks, None, None).len(), usize::from(warns), "{line}");
        }
    }

    #[test]
    fn a_birthday_queue_should_be_daily_and_in_time() {
        let one = |line| told(&[task("b", Run::BirthdayQueue, line)], None, None);
        assert!(one("0 7 * * *").is_empty());
        assert!(one("0 7 * * 1-5")[0].contains("not every day"));
        assert!(one("0 20 * * *")[0].contains("08:00-20:00"));
        assert!(one("0 7,20 * * *").is_empty());
    }

    #[test]
    fn whatsapp_wants_a_queue_after_its_producer_on_the_same_day() {
        let birthday = task("b", Run::BirthdayQueue, "0 8 * * *");
        let queue = |line| task("q", Run::SendQueue, line);
        let warns = |queue: Task| !told(&[birthday.clone(), queue], None, Some("hello")).is_empty();
        assert!(!warns(queue("0 8 * * *")));
        assert!(!warns(queue("0 7-18 * * *")));
        assert!(warns(queue("59 7 * * *")));
        assert!(warns(queue("0 9 * * 1-6")));
        let mut other = queue("0 9 * * *");
        other.channels = vec![Channel::Sms];
        assert!(warns(other.clone()));
        other.channels.push(Channel::Whatsapp);
        assert!(!warns(other.clone()));
        other.enabled = false;
        assert!(warns(other.clone()));
        // Two queues may share the days between them.
        let shared = [birthday.clone(), queue("0 9 * * 1-5"), queue("0 9 * * 0,6")];
        assert!(told(&shared, None, Some("hello")).is_empty());
        // Without a whatsapp template there is nothing to forward.
        assert!(told(std::slice::from_ref(&birthday), Some("hello"), None).is_empty());
        let mut resting = birthday;
        resting.enabled = false;
        assert!(told(&[resting], None, Some("hello")).is_empty());
    }

    #[test]
    fn trial_50_a_queue_before_the_hours_of_what_it_forwards_is_useless() {
        let tasks = |producer: &str, queue: &str| {
            let tasks = [
                task("b", Run::BirthdayQueue, producer),
                task("q", Run::SendQueue, queue),
            ];
            told(&tasks, None, Some("hello"))
        };
        assert!(tasks("30 7 * * *", "35 7 * * *")[0].contains("within the hours it keeps"));
        assert!(tasks("30 7 * * *", "0 8 * * *").is_empty());
        assert!(tasks("30 7 * * *", "35 7,19 * * *").is_empty());
        assert_eq!(tasks("30 7 * * *", "0 20 * * *").len(), 1);
        // Collections keep other hours: on Saturdays until 14:00.
        let update = |queue: &str| {
            let tasks = [
                task("c", Run::CollectionUpdate, "30 8 * * 6"),
                task("q", Run::SendQueue, queue),
            ];
            told(&tasks, Some("hello"), None)
        };
        assert!(update("59 13 * * *").is_empty());
        assert_eq!(update("0 14 * * *").len(), 1);
    }

    #[test]
    fn a_send_and_a_collection_update_want_it_too() {
        let mut send = task("s", Run::Send, "0 9 * * 1");
        send.template = Some("hello".to_owned());
        send.report = Some("cut".to_owned());
        assert_eq!(told(std::slice::from_ref(&send), None, None).len(), 1);
        assert!(
            told(
                &[send.clone(), task("q", Run::SendQueue, "0 9 * * 1")],
                None,
                None
            )
            .is_empty()
        );
        send.template = Some("other".to_owned());
        assert!(told(&[send], None, None).is_empty());
        let update = task("c", Run::CollectionUpdate, "0 9 * * 1");
        assert_eq!(told(&[update], Some("hello"), None).len(), 1);
    }

    #[test]
    fn every_word_reads_back_as_itself() {
        for run in Run::ALL {
            assert_eq!(Run::parse(run.as_str()), Some(*run));
        }
        for outcome in RunOutcome::ALL {
            assert_eq!(RunOutcome::parse(outcome.as_str()), Some(*outcome));
        }
    }
}
