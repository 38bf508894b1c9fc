//! One battery for every source: complete, cut, partial, lying, slow, hostile bytes, secrets in answers. A
//! source is taken whole or not at all, whatever becomes of it on its way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::erp::{Asked, Reply};
use super::{House, PASSWORDS, Ran, TOKEN, hubsoft, sgp};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The line is cut in the first answer with rows.
    CutFirst,
    /// The same in the last.
    CutLast,
    /// A login page, with status 200, instead of the first answer.
    LoginFirst,
    /// The same instead of the last.
    LoginLast,
    /// Nothing comes where the last answer should.
    Slow,
    /// An empty answer instead of the last.
    Empty,
    /// An error that repeats every secret there is.
    Telling,
    /// It tells of more rows than it gives.
    Lying,
    /// Brackets without end.
    Deep,
    /// Numbers that no machine holds.
    Huge,
    /// Bytes that are no text, and what would move a terminal.
    Hostile,
}

const FAULTS: [Fault; 11] = [
    Fault::CutFirst,
    Fault::CutLast,
    Fault::LoginFirst,
    Fault::LoginLast,
    Fault::Slow,
    Fault::Empty,
    Fault::Telling,
    Fault::Lying,
    Fault::Deep,
    Fault::Huge,
    Fault::Hostile,
];

/// Everything that must never be seen nor kept.
fn secrets() -> Vec<&'static str> {
    let mut secrets = vec![TOKEN, hubsoft::TOKEN, "segredo-da-integracao"];
    secrets.extend(PASSWORDS);
    secrets
}

/// A source under test.
struct Candidate {
    name: &'static str,
    house: fn() -> House,
    /// Makes it answer honestly, but for a fault.
    answer: fn(&House, Option<Fault>),
}

const CANDIDATES: [Candidate; 4] = [
    Candidate {
        name: "ixc",
        house: || House::with("timeout_seconds = 1"),
        answer: |house, fault| {
            house.erp.script(|_, _| None);
            tamper(house, fault, |asked| {
                ["cliente", "cliente_contrato", "fn_areceber", "radusuarios"]
                    .contains(&asked.form())
            });
        },
    },
    Candidate {
        name: "hubsoft",
        house: || hubsoft::house_of(2, "timeout_seconds = 1"),
        answer: |house, fault| {
            house.erp.script(|asked, _| Some(hubsoft::honest(asked)));
            tamper(house, fault, |asked| !asked.path.starts_with("/oauth"));
        },
    },
    Candidate {
        name: "sgp",
        house: || sgp::house_of(2, "timeout_seconds = 1"),
        answer: |house, fault| {
            house.erp.script(|asked, _| Some(sgp::honest(asked)));
            tamper(house, fault, |_| true);
        },
    },
    Candidate {
        name: "command",
        house: || {
            let house = House::new();
            house.write(
                "config.toml",
                "[sync.command.mk]\ncommand = [\"/bin/sh\", \"source\"]\nkinds = [\"clients\", \"contracts\", \"invoices\", \"logins\"]\ntimeout_seconds = 1\nenv = { MK_PASS = \"file:token\" }\n",
            );
            house
        },
        answer: |house, fault| house.write("source", &program(fault)),
    },
];

/// A program with this fault.
fn program(fault: Option<Fault>) -> String {
    let rows = r#"cat <<'END'
{"kind":"clients","id":1,"name":"Ana Lima","person_type":"individual"}
{"kind":"contracts","id":11,"client_id":1,"status":"active","access_status":"auto_block"}
{"kind":"invoices","id":101,"client_id":1,"contract_id":11,"due_on":"2026-11-10","amount":99.90,"status":"open"}
{"kind":"logins","id":21,"client_id":1,"contract_id":11,"username":"ana"}
END
"#;
    let last = "echo '{\"complete\":true,\"full\":true}'\n";
    match fault {
        None => format!("{rows}{last}"),
        Some(Fault::CutFirst) => "kill -9 $$".to_owned(),
        Some(Fault::CutLast) => format!("{rows}printf '{{\"comple'"),
        Some(Fault::LoginFirst) => format!("echo '<html>Entrar</html>'\n{rows}{last}"),
        Some(Fault::LoginLast) => format!("{rows}echo '<html>Entrar</html>'"),
        Some(Fault::Slow) => format!("{rows}sleep 20\n{last}"),
        Some(Fault::Empty) => String::new(),
        Some(Fault::Telling) => format!("{rows}{last}echo \"senha $MK_PASS\" >&2\nexit 1"),
        Some(Fault::Lying) => format!("{rows}{last}{rows}"),
        Some(Fault::Deep) => {
            format!("{rows}head -c 200000 /dev/zero | tr '\\0' '['\necho\n{last}")
        }
        Some(Fault::Huge) => format!(
            "{rows}echo '{{\"kind\":\"clients\",\"id\":1e999,\"name\":\"X\",\"person_type\":\"F\"}}'\n{last}"
        ),
        Some(Fault::Hostile) => format!(
            "{rows}printf '{{\"kind\":\"clients\",\"id\":2,\"name\":\"Bi\\377a\",\"person_type\":\"F\"}}\\n'\n{last}"
        ),
    }
}

/// Spoils the answers that carry rows; the last of them is the last of an honest run before.
fn tamper(house: &House, fault: Option<Fault>, carries: fn(&Asked) -> bool) {
    let last = house.erp.counted.swap(0, Ordering::SeqCst);
    let turn = AtomicUsize::new(0);
    let count = Arc::clone(&house.erp.counted);
    let spoiled = Mutex::new(false);
    house.erp.tamper(move |asked, reply| {
        if !carries(asked) {
            return reply;
        }
        count.fetch_add(1, Ordering::SeqCst);
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        let (first, last) = (turn == 0, turn + 1 >= last);
        let once = |when: bool, other: Reply, reply: Reply| {
            let mut spoiled = spoiled.lock().expect("a flag");
            if !when || *spoiled {
                return reply;
            }
            *spoiled = true;
            other
        };
        let login = || Reply::html(200, "<html><title>Login</title>Entrar</html>");
        match fault {
            Some(Fault::CutFirst) => once(first, Reply::Half, reply),
            Some(Fault::CutLast) => once(last, Reply::Half, reply),
            Some(Fault::LoginFirst) if first => login(),
            Some(Fault::LoginLast) if last => login(),
            Some(Fault::Slow) if last => Reply::Hang,
            Some(Fault::Empty) if last => Reply::Body(200, "application/json", Vec::new()),
            Some(Fault::Telling) if last => {
                let told = format!("who is {TOKEN}");
                Reply::Body(
                    500,
                    "application/json",
                    format!("{{\"message\":\"{told}\"}}").into_bytes(),
                )
            }
            Some(Fault::Deep) if last => Reply::Body(200, "application/json", vec![b'['; 200_000]),
            Some(Fault::Lying) => changed(reply, |text| total(text, |told| told + 7)),
            Some(Fault::Huge) => changed(reply, |text| total(text, |_| u128::MAX)),
            Some(Fault::Hostile) => changed(reply, |text| {
                text.replace("Ana Lima", "Ana \\u001b[31m\\u202e")
                    .replace("ANA LIMA", "ANA \\u001b[31m\\u202e")
                    .replace("MARIA DE SOUZA", "MARIA \\u001b[31m\\u202e\u{fffd}")
            }),
            None | Some(_) => reply,
        }
    });
}

/// An answer whose text is another; the mark for a wrong character is a byte that is no text.
fn changed(reply: Reply, change: impl Fn(&str) -> String) -> Reply {
    let Reply::Body(status, kind, body) = reply else {
        return reply;
    };
    let text = change(&String::from_utf8(body).expect("UTF-8"));
    let mut bytes = Vec::new();
    for c in text.chars() {
        match c {
            '\u{fffd}' => bytes.push(0xff),
            c => bytes.extend(c.to_string().as_bytes()),
        }
    }
    Reply::Body(status, kind, bytes)
}

/// A text whose totals are others.
fn total(text: &str, change: impl Fn(u128) -> u128) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["\"total\":", "\"total_registros\":"]
        .iter()
        .filter_map(|key| Some(rest.find(key)? + key.len()))
        .min()
    {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches('"');
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        rest = rest[digits.len()..].trim_start_matches('"');
        out.push_str(&change(digits.parse().expect("a total")).to_string());
    }
    out + rest
}

/// What the book says.
fn book(house: &House) -> Vec<String> {
    ["contracts", "invoices"]
        .into_iter()
        .map(|kind| {
            let ran = house.run(&["report", "run", kind, "--json"]);
            if ran.code == 4 {
                // There is no database yet.
                return "[]".to_owned();
            }
            serde_json::to_string(&ran.json()).expect("JSON")
        })
        .collect()
}

/// Whether a fault leaves nothing to be taken, whoever has it.
fn is_fatal(candidate: &Candidate, fault: Fault) -> bool {
    match fault {
        // A page that was cut is asked for again; a program cannot be.
        Fault::CutFirst | Fault::CutLast => candidate.name == "command",
        // Names may hold anything, and a total that is no number says nothing.
        Fault::Hostile | Fault::Huge => candidate.name == "command",
        _ => true,
    }
}

#[test]
fn an_ixc_is_taken_whole_or_not_at_all() {
    battery(&CANDIDATES[0]);
}

#[test]
fn a_hubsoft_is_taken_whole_or_not_at_all() {
    battery(&CANDIDATES[1]);
}

#[test]
fn an_sgp_is_taken_whole_or_not_at_all() {
    battery(&CANDIDATES[2]);
}

#[test]
fn a_program_is_taken_whole_or_not_at_all() {
    battery(&CANDIDATES[3]);
}

fn battery(candidate: &Candidate) {
    let honest = (candidate.house)();
    (candidate.answer)(&honest, None);
    assert_eq!(sync(&honest).code, 0, "{}", candidate.name);
    let whole = book(&honest);
    assert!(whole.iter().all(|rows| rows != "[]"), "{whole:?}");
    let answers = honest.erp.counted.load(Ordering::SeqCst);
    for fault in FAULTS {
        // Into an empty book.
        let house = (candidate.house)();
        house.erp.counted.store(answers, Ordering::SeqCst);
        (candidate.answer)(&house, Some(fault));
        let ran = sync(&house);
        assert_outcome(candidate, fault, &ran);
        let told = format!("{} {fault:?}: {ran:?}", candidate.name);
        let found = book(&house);
        match ran.code {
            0 if fault == Fault::Hostile => assert_ne!(found[0], "[]", "{told}"),
            0 => assert_eq!(found, whole, "{told}"),
            _ => assert!(found.iter().all(|rows| rows == "[]"), "{told}: {found:?}"),
        }
        assert_nothing_told(&house, &ran, &told);
        // Over a book that is full; it stays as it was.
        if fault != Fault::Hostile {
            honest.erp.counted.store(answers, Ordering::SeqCst);
            (candidate.answer)(&honest, Some(fault));
            let ran = sync(&honest);
            assert_outcome(candidate, fault, &ran);
            assert_eq!(
                book(&honest),
                whole,
                "{} {fault:?}: {ran:?}",
                candidate.name
            );
        }
    }
}

fn sync(house: &House) -> Ran {
    let begun = Instant::now();
    let ran = house.run(&["sync", "--full"]);
    assert!(begun.elapsed().as_secs() < 15, "{ran:?}");
    ran
}

fn assert_outcome(candidate: &Candidate, fault: Fault, ran: &Ran) {
    let told = format!("{} {fault:?}: {ran:?}", candidate.name);
    if is_fatal(candidate, fault) {
        assert!([3, 4].contains(&ran.code), "{told}");
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "{told}");
        // What to do stands below, or behind what is wrong with a line.
        assert!(ran.code == 3 || ran.stderr.contains("\n  try: "), "{told}");
    } else {
        assert_eq!(ran.code, 0, "{told}");
    }
}

/// No secret is said or kept, and nothing reaches the terminal that moves it.
fn assert_nothing_told(house: &House, ran: &Ran, told: &str) {
    let table = house.run(&["report", "run", "contracts"]);
    let said = format!("{}{}{}", ran.stdout, ran.stderr, table.stdout);
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{202e}'),
        "{told}: {said}"
    );
    let mut kept = house.everything();
    // The configuration and the program hold theirs by right.
    for own in ["config.toml", "source"] {
        let text = std::fs::read(house.path().join(own)).unwrap_or_default();
        if !text.is_empty() {
            let at = kept.windows(text.len()).position(|part| part == text);
            let at = at.expect("the file itself");
            kept.drain(at..at + text.len());
        }
    }
    let kept = String::from_utf8_lossy(&kept).into_owned();
    for secret in secrets() {
        assert!(!said.contains(secret), "{told}: {secret} was said: {said}");
        assert!(!kept.contains(secret), "{told}: {secret} was kept");
    }
}
