//! Where a configuration is found, and who else can read the secrets in it.

use std::path::{Path, PathBuf};

use super::Config;

/// Where a configuration is looked for, in order.
pub(super) fn places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("config.toml")];
    let home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")));
    places.extend(home.map(|home| home.join("regua/config.toml")));
    places.push(PathBuf::from("/etc/regua/config.toml"));
    places
}

/// Whether a file that holds a secret can be read by others. What root keeps for one group (0640 root:regua) is for
/// those whom root put into it.
pub fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).is_ok_and(|found| {
        let group_of_somebody = found.mode() & 0o040 != 0 && found.uid() != 0;
        found.mode() & 0o004 != 0 || group_of_somebody
    })
}

/// Warnings about secrets that stand where others can read them.
pub(super) fn readable_by_others(file: &Path, config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    for (key, secret) in config.secrets() {
        let holder = secret.file().unwrap_or_else(|| file.to_owned());
        if (secret.is_literal() || secret.file().is_some()) && others_can_read(&holder) {
            warnings.push(format!(
                "{key}: the secret stands in {}, which others can read (chmod 600)",
                holder.display()
            ));
        }
    }
    warnings
}
