//! How fast requests may begin: a token bucket, and the delay before a retry.

use std::time::Duration;

/// A bucket that fills at a rate and holds a second's worth.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    per_second: f64,
    holds: f64,
    tokens: f64,
    at: Duration,
}

impl TokenBucket {
    /// A full bucket for so many requests a minute; none when there is no limit (0).
    pub fn per_minute(rate: u32) -> Option<Self> {
        if rate == 0 {
            return None;
        }
        let per_second = f64::from(rate) / 60.0;
        let holds = per_second.max(1.0);
        Some(Self {
            per_second,
            holds,
            tokens: holds,
            at: Duration::ZERO,
        })
    }

    /// Takes one token at `now` (time since the bucket was made): how long to wait before using it.
    pub fn take(&mut self, now: Duration) -> Duration {
        let gone = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + gone * self.per_second).min(self.holds) - 1.0;
        if self.tokens >= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(-self.tokens / self.per_second)
        }
    }
}

/// The longest delay before a retry that nobody asked for.
const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// The delay before the next try: full jitter below `first` doubled for each retry so far, at most an
/// hour and at least a second, and never less than the provider asked for. `chance` is from 0 to 1.
pub fn retry_delay(
    first: Duration,
    retries: u32,
    asked: Option<Duration>,
    chance: f64,
) -> Duration {
    let ceiling = first
        .saturating_mul(1u32.checked_shl(retries.min(20)).unwrap_or(u32::MAX))
        .min(LONGEST_DELAY.max(first));
    let drawn = ceiling
        .mul_f64(chance.clamp(0.0, 1.0))
        .max(Duration::from_secs(1));
    asked.map_or(drawn, |asked| {
        asked
            .max(Duration::from_secs(1))
            .max(drawn.min(asked + first))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_second_may_burst_and_then_the_rate_holds() {
        let mut bucket = TokenBucket::per_minute(120).expect("a limit");
        let start = Duration::ZERO;
        assert_eq!(bucket.take(start), Duration::ZERO);
        assert_eq!(bucket.take(start), Duration::ZERO);
        assert_eq!(bucket.take(start), Duration::from_millis(500));
        assert_eq!(bucket.take(Duration::from_secs(10)), Duration::ZERO);
        assert!(TokenBucket::per_minute(0).is_none());
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn no_minute_sees_more_than_the_rate_and_a_second_of_burst(
            rate in 1u32..5_000, steps in proptest::collection::vec(0u64..200, 1..300)
        ) {
            let mut bucket = TokenBucket::per_minute(rate).expect("a limit");
            let mut now = Duration::ZERO;
            let mut begun = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                begun.push(now + bucket.take(now));
            }
            let most = u64::from(rate) + u64::from(rate.div_ceil(60)) + 1;
            for (i, start) in begun.iter().enumerate() {
                let within = begun[i..].iter().filter(|t| **t < *start + Duration::from_mins(1)).count();
                prop_assert!(within as u64 <= most);
            }
        }

        #[test]
        fn a_retry_never_comes_before_the_provider_asked(
            retries in 0u32..30, asked in 0u64..10_000, chance in 0.0f64..1.0
        ) {
            let first = Duration::from_secs(30);
            let asked = Duration::from_secs(asked);
            prop_assert!(retry_delay(first, retries, Some(asked), chance) >= asked);
            let free = retry_delay(first, retries, None, chance);
            prop_assert!(free >= Duration::from_secs(1) && free <= LONGEST_DELAY);
        }
    }
}
