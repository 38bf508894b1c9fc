//! A run that knows nothing of the machine it runs on: a configuration of its own, or none.

use std::path::Path;
use std::process::Command;

/// Where the program would find a configuration that is not a test's.
const MACHINES: &str = "/etc/regua/config.toml";

/// Has a command that runs in a folder pass over the machine's configuration, where there is one and the folder has
/// none of its own.
pub fn alone(command: &mut Command, folder: &Path) {
    let own = ["config.toml", ".config/regua/config.toml"];
    if Path::new(MACHINES).exists() && !own.iter().any(|name| folder.join(name).exists()) {
        command.env("REGUA_CONFIG", "none");
    }
}
