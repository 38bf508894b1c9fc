//! How a push is shown: its sound, its Android channel, its picture and where a touch leads.

use serde::{Deserialize, Serialize};

use crate::error::Flaw;

/// What a push is shown with; what is absent is as the app has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// The sound that iPhones and old Androids play: `default`, or a file of the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// The channel of the app's notifications on Android, whose sound and importance it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub android_channel: Option<String>,
    /// The address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The address that a touch opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Look {
    /// Each part by its name in the configuration and in a template.
    pub fn parts(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("sound", self.sound.as_deref()),
            ("android_channel", self.android_channel.as_deref()),
            ("image", self.image.as_deref()),
            ("link", self.link.as_deref()),
        ]
    }

    /// Reads each part by its name.
    pub fn read(mut part: impl FnMut(&'static str) -> Option<String>) -> Self {
        Self {
            sound: part("sound"),
            android_channel: part("android_channel"),
            image: part("image"),
            link: part("link"),
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This look, and what it leaves open as usual.
    #[must_use]
    pub fn or(&self, usual: &Self) -> Self {
        let either = |own: &Option<String>, usual: &Option<String>| own.clone().or(usual.clone());
        Self {
            sound: either(&self.sound, &usual.sound),
            android_channel: either(&self.android_channel, &usual.android_channel),
            image: either(&self.image, &usual.image),
            link: either(&self.link, &usual.link),
        }
    }

    /// Everything wrong with it: pictures and links are https addresses (as Firebase wants them).
    pub fn flaws(&self) -> Vec<Flaw> {
        self.parts()
            .into_iter()
            .filter(|(key, _)| ["image", "link"].contains(key))
            .filter_map(|(key, value)| Some((key, value?)))
            .filter(|(_, value)| {
                !value.starts_with("https://")
                    || value.len() <= "https://".len()
                    || value.contains(char::is_whitespace)
            })
            .map(|(key, value)| {
                Flaw::of(
                    key,
                    format!("`{value}` is not an https address"),
                    "write https://…",
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_templates_own_look_comes_before_the_usual_one() {
        let own = Look {
            sound: Some("bell.caf".to_owned()),
            ..Look::default()
        };
        let usual = Look {
            sound: Some("default".to_owned()),
            android_channel: Some("bills".to_owned()),
            ..Look::default()
        };
        let look = own.or(&usual);
        assert_eq!(look.sound.as_deref(), Some("bell.caf"));
        assert_eq!(look.android_channel.as_deref(), Some("bills"));
    }

    #[test]
    fn a_link_is_an_https_address() {
        let look = |link: &str| Look {
            link: Some(link.to_owned()),
            ..Look::default()
        };
        assert!(look("https://example.com/2via").flaws().is_empty());
        for bad in [
            "http://example.com",
            "javascript:alert(1)",
            "https://",
            "https://a b",
        ] {
            assert_eq!(look(bad).flaws().len(), 1, "{bad}");
        }
    }
}
