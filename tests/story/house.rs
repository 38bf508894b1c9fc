//! A provider's house for one story: a temporary folder, a frozen clock, the `file` providers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

#[path = "../alone/mod.rs"]
mod alone;

use alone::alone;

/// A Monday within contact hours.
pub const MONDAY: &str = "2026-11-23T09:00";

/// A house with its folder.
pub struct House {
    folder: TempDir,
    now: String,
}

/// What a run answered.
#[derive(Debug)]
pub struct Ran {
    /// The command, for messages.
    pub command: String,
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl House {
    /// An empty house.
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder"),
            now: MONDAY.to_owned(),
        }
    }

    /// A house with a small provider's book imported: see [`small_book`].
    pub fn with_book() -> Self {
        let house = Self::new();
        small_book(&house);
        house.run(&["import", "book"]).ok();
        house
    }

    /// Sets the clock for the runs that follow.
    pub fn at(&mut self, now: &str) -> &mut Self {
        now.clone_into(&mut self.now);
        self
    }

    /// A path within the house.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, making its folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a written file");
        path
    }

    /// Reads a file; nothing when there is none.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Reads a file's bytes.
    pub fn read_bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_default()
    }

    /// The JSON lines of a file (what a `file` provider delivered); none when there is no file.
    pub fn lines(&self, name: &str) -> Vec<Value> {
        self.read(name)
            .lines()
            .map(|line| serde_json::from_str(line).expect("a JSON line"))
            .collect()
    }

    /// The command, ready to run in the house.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regua"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("REGUA_NOW", &self.now)
            .stdin(Stdio::null());
        alone(&mut command, self.folder.path());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program runs");
        ran(arguments, &output)
    }

    /// Runs a command with something on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
        use std::io::Write as _;
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut stdin = child.stdin.take().expect("its input");
        let bytes = input.as_ref().to_vec();
        let writer = std::thread::spawn(move || {
            // A program that refuses early may close its input.
            let _ = stdin.write_all(&bytes);
        });
        let output = child.wait_with_output().expect("its end");
        writer.join().expect("the writer");
        ran(arguments, &output)
    }

    /// Runs a command that must succeed, and answers the most memory it held, in KiB (Linux tells).
    #[allow(dead_code, reason = "not every binary of tests watches memory")]
    pub fn peak_memory(&self, arguments: &[&str]) -> u64 {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let status = format!("/proc/{}/status", child.id());
        let mut most = 0;
        let code = loop {
            if let Some(code) = child.try_wait().expect("its state") {
                break code;
            }
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let peak = text
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))
                .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            most = most.max(peak.unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(10));
        };
        assert!(code.success(), "regua {}", arguments.join(" "));
        most
    }

    /// Runs a command that must succeed and answers its JSON document.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        self.run(&arguments).ok().json()
    }

    /// The house's folder.
    #[allow(dead_code, reason = "the delivery tests use it")]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn ran(arguments: &[&str], output: &Output) -> Ran {
    Ran {
        command: arguments.join(" "),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ran {
    /// The run, which must have ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// The run, which must have ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "regua {}\n{}\n{}",
            self.command, self.stdout, self.stderr
        );
        self
    }

    /// The run, whose standard error must hold this.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "regua {}\nlacks: {text}\n{}",
            self.command,
            self.stderr
        );
        self
    }

    /// The run, whose standard output must hold this.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "regua {}\nlacks: {text}\n{}",
            self.command,
            self.stdout
        );
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("regua {}: {error}\n{}", self.command, self.stdout))
    }
}

/// A small provider: six clients whose contacts and devices differ in every way that matters.
///
/// 1 Ana: cut for debt, two devices. 2 Bruno: cut by hand, never in the portal, landline.
/// 3 Casa: a company without app, in good standing. 4 Davi: cut, app logged out.
/// 5 Édina: cut, notifications off. 6 Fábio: cut, portal but no app, two contracts.
pub fn small_book(house: &House) {
    house.write(
        "book/clients.csv",
        "id,name,person_type,active,birth_date,mobile,whatsapp,email,tax_id,city,app_first_access_on,sms_allowed\n\
         1,Ana Lima,F,S,1991-11-23,(49) 99999-0001,,ana@example.com,111.444.777-35,Chapecó,2026-01-01,S\n\
         2,Bruno Souza,F,S,1980-02-29,(49) 3333-0000,(49) 98888-0002,bruno@example,,Chapecó,,S\n\
         3,Casa & Cia Ltda,J,S,,,,contato@casa.example.com,12.345.678/0001-95,Xaxim,,S\n\
         4,Davi Reis,F,S,1999-01-15,49 98888-0004,,davi@example.com,,Xaxim,2026-02-01,N\n\
         5,Édina Nunes,F,N,1975-11-23,49 98888-0005,,edina@example.com,,Chapecó,2026-02-01,S\n\
         6,Fábio Sá,F,S,2000-12-01,99999999999,,,,Chapecó,2026-03-01,S\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,plan,status,access_status,activated_on\n\
         11,1,Fibra 500,A,CA,2022-05-03\n12,2,Fibra 300,A,CM,2023-01-10\n13,3,Fibra 300,A,A,2021-07-01\n\
         14,4,Fibra 500,A,CA,2024-02-02\n15,5,Fibra 100,A,CA,2020-03-03\n16,6,Fibra 500,A,CA,2025-04-04\n\
         17,6,Fibra 100,I,D,2019-04-04\n",
    );
    house.write(
        "book/invoices.csv",
        "id;client_id;contract_id;number;portfolio;due_on;amount;open_amount;status\n\
         101;1;11;A-101;Boleto;10/11/2026;99,90;;A\n102;1;11;A-102;Boleto;10/12/2026;99,90;;A\n\
         103;2;12;;Pix;10/10/2026;1.234,56;1.000,00;P\n104;3;13;;Boleto;20/11/2026;300,00;;R\n\
         105;4;14;;Boleto;01/11/2026;59,90;;A\n106;5;15;;Boleto;01/11/2026;59,90;;A\n\
         107;6;;;Boleto;05/11/2026;10,00;;A\n",
    );
    house.write(
        "book/logins.csv",
        "id,client_id,contract_id,username,online,concentrator\n\
         21,1,11,ana.fibra,N,BRAS-CENTRO\n22,2,12,bruno.fibra,SS,BRAS-CENTRO\n23,3,13,casa.fibra,S,BRAS-SUL\n",
    );
    house.write(
        "book/devices.csv",
        "address,client_id,logged_in,notifications_enabled\n\
         ana-1,1,S,S\nana-2,1,S,S\ndavi-1,4,N,S\nedina-1,5,S,N\n",
    );
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether whoever runs the tests lets nobody hear that its terminal is gone, as `nohup` does.
#[allow(dead_code, reason = "not every binary of tests sends signals")]
pub fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}
