//! Asking: which numbers exist, at gateways that want to be asked before anybody is written to.

use super::Drain;
use super::numbers::BELIEVED;
use super::stop::Stop;
use super::supply::Supply;
use super::workers::awaited;
use crate::channel::NumberCheck;
use crate::error::Result;

impl Drain {
    /// Asks the provider about a lot of numbers, these before others that are due, and keeps what it says.
    /// When it does not say, the channel closes: nobody is written to unasked.
    pub(super) fn ask(
        &mut self,
        supply: &mut dyn Supply,
        mut unasked: Vec<String>,
        stop: &Stop,
    ) -> Result<()> {
        let since = supply.now().at - BELIEVED;
        let most = self
            .provider
            .numbers()
            .map_or(1, NumberCheck::at_once)
            .max(1);
        unasked.extend(supply.unasked(since, most)?);
        unasked.sort();
        unasked.dedup();
        unasked.truncate(most);
        let lot = unasked.clone();
        let told = awaited(&self.provider, stop, move |provider| {
            match provider.numbers() {
                Some(numbers) => numbers.exist(&lot),
                None => Ok(vec![true; lot.len()]),
            }
        })?;
        match told {
            Ok(exist) => {
                let told: Vec<(String, bool)> = unasked.into_iter().zip(exist).collect();
                supply.keep_numbers(&told, since)
            }
            Err(refusal) => {
                self.close_for(refusal.said());
                Ok(())
            }
        }
    }
}
