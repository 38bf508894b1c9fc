//! Units of systemd: what runs the tasks each minute, and what takes in receipts.

use std::path::Path;

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

/// The service and the timer of tasks.
pub(super) fn of_tasks(words: &[String], user: Option<&str>) -> [Unit; 2] {
    let (command, user) = started(words, user);
    [
        Unit {
            file: "regua.service",
            kind: "service",
            text: format!(
                "[Unit]\n\
                 Description=regua: run the tasks that are due\n\
                 Wants=network-online.target\n\
                 After=network-online.target\n\
                 \n\
                 [Service]\n\
                 Type=oneshot\n\
                 {user}ExecStart={command}\n\
                 StandardOutput=null\n"
            ),
        },
        Unit {
            file: "regua.timer",
            kind: "timer",
            text: "[Unit]\n\
                 Description=regua: look each minute for tasks that are due\n\
                 \n\
                 [Timer]\n\
                 OnCalendar=*-*-* *:*:00\n\
                 AccuracySec=1s\n\
                 \n\
                 [Install]\n\
                 WantedBy=timers.target\n"
                .to_owned(),
        },
    ]
}

/// What a service that only reads its request and writes the database can do without.
const HARDENING: &str = "\
    NoNewPrivileges=yes\n\
    ProtectSystem=strict\n\
    ProtectHome=read-only\n\
    PrivateTmp=yes\n\
    PrivateDevices=yes\n\
    PrivateNetwork=yes\n\
    PrivateIPC=yes\n\
    ProtectHostname=yes\n\
    ProtectClock=yes\n\
    ProtectKernelTunables=yes\n\
    ProtectKernelModules=yes\n\
    ProtectKernelLogs=yes\n\
    ProtectControlGroups=yes\n\
    ProtectProc=invisible\n\
    ProcSubset=pid\n\
    RestrictAddressFamilies=none\n\
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
    SystemCallErrorNumber=EPERM\n\
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
                 {HARDENING}"
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
        let [service, _] = of_tasks(&words, None);
        let started = "ExecStart=\"/opt/a b/regua\" --db /x/50%%/$$HOME.db\n";
        assert!(service.text.contains(started));
        assert!(!service.text.contains("User="));
        let [socket, service] = of_receive(&words, Path::new("/x/50%"), Some("regua"));
        assert!(socket.text.contains("Accept=yes\n"));
        assert!(service.text.contains(started) && service.text.contains("User=regua\n"));
        assert!(service.text.contains("ReadWritePaths=/x/50%%\n"));
    }
}
