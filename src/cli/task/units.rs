//! Units of systemd: what runs the tasks each minute, and what takes in receipts.

use std::path::{Path, PathBuf};

/// One unit.
pub(super) struct Unit {
    /// Its file's name.
    pub(super) file: &'static str,
    /// What it is: service, timer, socket.
    pub(super) kind: &'static str,
    /// What it says.
    pub(super) text: String,
}

/// A word as systemd.service(5) reads it back.
fn for_systemd(word: &str) -> String {
    let word = word
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    if word
        .chars()
        .all(|c| !c.is_whitespace() && c != '\'' && c != ';')
    {
        word
    } else {
        format!("\"{word}\"")
    }
}

/// A command as a unit starts it, and the user it runs as.
fn started(words: &[String], user: Option<&str>) -> (String, String) {
    let command: Vec<String> = words.iter().map(|word| for_systemd(word)).collect();
    let user = user.map_or_else(String::new, |user| format!("User={user}\n"));
    (command.join(" "), user)
}

/// Where the tasks run, and what they may touch.
pub(super) struct Place {
    /// The user they run as.
    pub(super) user: String,
    /// Folders that they write into, besides the service's own in /var/lib.
    pub(super) writable: Vec<PathBuf>,
    /// Whether something of theirs stands in a person's home.
    pub(super) at_home: bool,
}

/// The service and the timer of tasks, and what says that they failed. The service does without whatever tasks
/// do not need; secrets that the configuration names with `env:` come from a file.
pub(super) fn of_tasks(words: &[String], place: &Place) -> [Unit; 3] {
    let (command, user) = started(words, Some(&place.user));
    let home = if place.at_home { "read-only" } else { "yes" };
    let writable = writable(&place.writable);
    [
        Unit {
            file: "regua.service",
            kind: "service",
            text: format!(
                "[Unit]\n\
                 Description=regua: run the tasks that are due\n\
                 Wants=network-online.target\n\
                 After=network-online.target\n\
                 OnFailure=regua-failed.service\n\
                 \n\
                 [Service]\n\
                 Type=oneshot\n\
                 {user}ExecStart={command}\n\
                 # Secrets that the configuration names with env:NAME, one NAME=value a line.\n\
                 EnvironmentFile=-/etc/regua/environment\n\
                 StateDirectory=regua\n\
                 StateDirectoryMode=0750\n\
                 WorkingDirectory=/var/lib/regua\n\
                 StandardOutput=null\n\
                 # A send to everybody takes as long as its provider allows.\n\
                 TimeoutStartSec=infinity\n\
                 UMask=0077\n\
                 {writable}ProtectHome={home}\n\
                 RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n\
                 {HARDENING}"
            ),
        },
        Unit {
            file: "regua.timer",
            kind: "timer",
            text: TIMER.to_owned(),
        },
        Unit {
            file: "regua-failed.service",
            kind: "failed",
            text: format!("{FAILED}{HARDENING}"),
        },
    ]
}

/// The line that lets a service write into these folders; none where there are none.
fn writable(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return String::new();
    }
    let words: Vec<String> = folders
        .iter()
        .map(|folder| for_systemd(&format!("-{}", folder.display())))
        .collect();
    format!("ReadWritePaths={}\n", words.join(" "))
}

/// The timer of tasks.
const TIMER: &str = "[Unit]\n\
    Description=regua: look each minute for tasks that are due\n\
    \n\
    [Timer]\n\
    OnCalendar=*-*-* *:*:00\n\
    AccuracySec=1s\n\
    \n\
    [Install]\n\
    WantedBy=timers.target\n";

/// What says that tasks failed, before what it can do without.
const FAILED: &str = "[Unit]\n\
    Description=regua: say that the tasks that were due failed\n\
    \n\
    [Service]\n\
    Type=oneshot\n\
    # Put a mail or a call of your own in its place: systemctl edit regua-failed.service\n\
    ExecStart=/usr/bin/logger --tag regua --priority daemon.err \"tasks failed: journalctl -u regua.service, regua status\"\n\
    DynamicUser=yes\n\
    ProtectHome=yes\n\
    PrivateNetwork=yes\n\
    RestrictAddressFamilies=AF_UNIX\n";

/// What every service here can do without.
const HARDENING: &str = "\
    NoNewPrivileges=yes\n\
    ProtectSystem=strict\n\
    PrivateTmp=yes\n\
    PrivateDevices=yes\n\
    PrivateIPC=yes\n\
    ProtectHostname=yes\n\
    ProtectClock=yes\n\
    ProtectKernelTunables=yes\n\
    ProtectKernelModules=yes\n\
    ProtectKernelLogs=yes\n\
    ProtectControlGroups=yes\n\
    ProtectProc=invisible\n\
    ProcSubset=pid\n\
    RestrictNamespaces=yes\n\
    RestrictRealtime=yes\n\
    RestrictSUIDSGID=yes\n\
    LockPersonality=yes\n\
    MemoryDenyWriteExecute=yes\n\
    RemoveIPC=yes\n\
    CapabilityBoundingSet=\n\
    AmbientCapabilities=\n\
    SystemCallArchitectures=native\n\
    SystemCallFilter=@system-service\n\
    SystemCallFilter=~@privileged @resources\n\
    SystemCallErrorNumber=EPERM\n";

/// What a service can do without besides that only reads its request and writes the database.
const READER: &str = "\
    ProtectHome=read-only\n\
    PrivateNetwork=yes\n\
    RestrictAddressFamilies=none\n\
    UMask=0077\n\
    MemoryMax=256M\n\
    TasksMax=16\n";

/// The socket and the service that take in receipts: one process a request, and nothing stays running. The
/// service has no network of its own; the connection comes with it. It may write where the database is.
pub(super) fn of_receive(words: &[String], folder: &Path, user: Option<&str>) -> [Unit; 2] {
    let (command, user) = started(words, user);
    let folder = for_systemd(&folder.display().to_string());
    [
        Unit {
            file: "regua-receive.socket",
            kind: "socket",
            text: "[Unit]\n\
                 Description=regua: where providers report what became of messages\n\
                 \n\
                 [Socket]\n\
                 # Only for a proxy on this machine, which speaks TLS with the world.\n\
                 ListenStream=127.0.0.1:8425\n\
                 Accept=yes\n\
                 MaxConnections=32\n\
                 Backlog=256\n\
                 \n\
                 [Install]\n\
                 WantedBy=sockets.target\n"
                .to_owned(),
        },
        Unit {
            file: "regua-receive@.service",
            kind: "service",
            text: format!(
                "[Unit]\n\
                 Description=regua: take in one report\n\
                 CollectMode=inactive-or-failed\n\
                 \n\
                 [Service]\n\
                 Type=exec\n\
                 {user}ExecStart={command}\n\
                 StandardInput=socket\n\
                 StandardOutput=socket\n\
                 StandardError=journal\n\
                 RuntimeMaxSec=60\n\
                 ReadWritePaths={folder}\n\
                 {HARDENING}{READER}"
            ),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_unit_escapes_what_systemd_expands() {
        let words = words(&["/opt/a b/regua", "--db", "/x/50%/$HOME.db"]);
        let place = Place {
            user: "regua".to_owned(),
            writable: vec![PathBuf::from("/x/50%"), PathBuf::from("/x/a b")],
            at_home: false,
        };
        let [service, _, failed] = of_tasks(&words, &place);
        let started = "ExecStart=\"/opt/a b/regua\" --db /x/50%%/$$HOME.db\n";
        assert!(service.text.contains(started));
        assert!(service.text.contains("User=regua\n"));
        assert!(
            service
                .text
                .contains("ReadWritePaths=-/x/50%% \"-/x/a b\"\n")
        );
        assert!(
            service
                .text
                .contains(&format!("OnFailure={}\n", failed.file))
        );
        let [socket, service] = of_receive(&words, Path::new("/x/50%"), Some("regua"));
        assert!(socket.text.contains("Accept=yes\n"));
        assert!(service.text.contains(started) && service.text.contains("User=regua\n"));
        assert!(service.text.contains("ReadWritePaths=/x/50%%\n"));
    }
}
