//! A PostgreSQL of the test's own: in a folder of its own, on a socket in it, run by an ordinary user, gone with
//! the test.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use postgres::{Client, NoTls};
use tempfile::TempDir;

/// A running server.
pub struct Postgres {
    folder: TempDir,
    binaries: PathBuf,
    /// Where it listens, and how.
    settings: String,
    /// It ends when its input does, however this process ends.
    running: Option<Child>,
}

/// Where the distribution keeps the programs; none where there is no PostgreSQL.
fn binaries() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut places: Vec<PathBuf> = on_path.collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    places
        .into_iter()
        .filter_map(|place| place.join("postgres").canonicalize().ok())
        .filter_map(|program| program.parent().map(Path::to_path_buf))
        .find(|place| place.join("initdb").exists())
}

/// Whether this runs as root: what root makes is root's.
fn is_root() -> bool {
    TempDir::new()
        .and_then(|folder| std::fs::metadata(folder.path()))
        .is_ok_and(|made| made.uid() == 0)
}

/// Gives a file of root's to the ordinary user that PostgreSQL runs as.
fn give_to_user(path: &Path) {
    if is_root() {
        let owned = Command::new("chown")
            .arg("nobody:nogroup")
            .arg(path)
            .status();
        assert!(owned.expect("chown runs").success());
    }
}

/// A program of PostgreSQL's, as an ordinary user: it refuses to run as root.
fn program(path: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
        command.arg(path);
        command
    } else {
        Command::new(path)
    }
}

impl Postgres {
    /// Starts one; none where no PostgreSQL is installed, which is said, unless `REGUA_NEEDS_POSTGRES` is set.
    pub fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(
                std::env::var_os("REGUA_NEEDS_POSTGRES").is_none(),
                "no PostgreSQL is installed"
            );
            eprintln!("skipped: no PostgreSQL is installed (apt-get install postgresql)");
            return None;
        };
        let folder = TempDir::new().expect("a folder");
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), mode).expect("its mode");
        give_to_user(folder.path());
        let mut postgres = Self {
            folder,
            binaries,
            settings: String::from("-c listen_addresses="),
            running: None,
        };
        postgres.make();
        postgres.begin();
        Some(postgres)
    }

    /// Makes the files of a cluster.
    fn make(&self) {
        let made = program(&self.binaries.join("initdb"))
            .args(["-D", "data", "-U", "regua", "--auth=trust", "-E", "UTF8"])
            .args(["--locale=C", "--no-sync"])
            .current_dir(self.folder.path())
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{made:?}");
    }

    /// From now on it serves this machine's port, by TLS alone, with the certificate of a private authority; the
    /// port.
    pub fn encrypt(&mut self, certificate: &[u8], key: &[u8]) -> u16 {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let write = |name: &str, text: &[u8]| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, mode).expect("its mode");
            give_to_user(&path);
        };
        write("server.pem", certificate);
        write("server.key", key);
        write(
            "pg_hba.conf",
            b"local all all trust\nhostssl all all 127.0.0.1/32 trust\n",
        );
        self.stop_at_once();
        self.settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file=$PWD/server.pem \
             -c ssl_key_file=$PWD/server.key -c hba_file=$PWD/pg_hba.conf"
        );
        self.begin();
        port
    }

    /// The folder of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Begins to serve, and waits until it does.
    pub fn begin(&mut self) {
        let settings = format!(
            "{} -c fsync=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=32MB \
             -c log_min_messages=fatal",
            self.settings
        );
        let script = format!(
            "{}/postgres -D data -k \"$PWD\" {settings} </dev/null 2>>log & server=$!; read _; kill -QUIT $server",
            self.binaries.display()
        );
        let mut command = program(Path::new("/bin/sh"));
        let child = command
            .args(["-c", &script])
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        self.running = Some(child);
        for _ in 0..600 {
            if self.connect("postgres").is_some() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!(
            "PostgreSQL does not serve: {}",
            std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
        );
    }

    /// Stops it at once, as a machine that loses its power.
    pub fn stop_at_once(&mut self) {
        let stopped = program(&self.binaries.join("pg_ctl"))
            .args(["stop", "-D", "data", "-m", "immediate"])
            .current_dir(self.folder.path())
            .output()
            .expect("pg_ctl runs");
        assert!(stopped.status.success(), "{stopped:?}");
        if let Some(mut child) = self.running.take() {
            drop(child.stdin.take());
            child.wait().expect("its end");
        }
    }

    fn connect(&self, database: &str) -> Option<Client> {
        Client::connect(&self.url(database), NoTls).ok()
    }

    /// How a database of it is reached.
    pub fn url(&self, database: &str) -> String {
        let socket = self.folder.path().display();
        let port = self.settings.split_once("port=");
        let port = port
            .and_then(|(_, rest)| rest.split(' ').next())
            .unwrap_or("5432");
        format!("host={socket} port={port} user=regua dbname={database}")
    }

    /// Makes an empty database; its name.
    pub fn database(&self) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let name = format!("shared{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        self.client("postgres")
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("a database");
        name
    }

    /// A connection of the test's own.
    pub fn client(&self, database: &str) -> Client {
        self.connect(database).expect("a connection")
    }

    /// Cuts the way to it: nobody new gets in, and whoever was in is thrown out.
    pub fn cut(&self) {
        let mut client = self.client("postgres");
        let socket = self.socket().join(".s.PGSQL.5432");
        std::fs::rename(&socket, self.socket().join("away")).expect("the socket");
        client
            .batch_execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
            )
            .expect("thrown out");
    }

    /// The way is there again.
    pub fn mend(&self) {
        let socket = self.socket();
        std::fs::rename(socket.join("away"), socket.join(".s.PGSQL.5432")).expect("the socket");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// The server that tests share which do it no harm.
pub fn shared() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    SERVER.get_or_init(Postgres::start).as_ref()
}
