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

/// The longest delay that doubling comes to.
const LONGEST_DELAY: Duration = Duration::from_hours(6);
/// Tries that follow each other quickly, before the rest is spread over the message's time.
const QUICK: u32 = 3;
/// By how much each delay is longer than the one before, where tries are spread.
const GROWTH: f64 = 1.5;

/// How the tries of one message are spread over its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// The first delay, doubled with each try.
    pub first: Duration,
    /// Tries in all.
    pub most: u32,
    /// Tries that were told "later" before this one.
    pub before: u32,
    /// The time left until the last try is due; none any more when it has passed.
    pub left: Duration,
}

impl Tries {
    /// The delay before the next try: at first full jitter below `first` doubled for each try so far, at
    /// most six hours and at least a second; from the fourth on at least so long that those that remain,
    /// each after half as long again as the one before, reach the last one's time. Never less than the
    /// provider asked for. `chance` is from 0 to 1.
    pub fn delay(&self, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = 1u32.checked_shl(self.before.min(20)).unwrap_or(u32::MAX);
        let ceiling = self
            .first
            .saturating_mul(doubled)
            .min(LONGEST_DELAY.max(self.first));
        let drawn = ceiling
            .mul_f64(chance.clamp(0.0, 1.0))
            .max(Duration::from_secs(1));
        let remaining = self.most.saturating_sub(self.before + 1).clamp(1, 60);
        let spread = if remaining == 1 {
            self.left
        } else if self.before >= QUICK {
            let all = GROWTH.powi(i32::try_from(remaining).unwrap_or(60)) - 1.0;
            self.left.mul_f64((GROWTH - 1.0) / all)
        } else {
            Duration::ZERO
        };
        let delay = drawn.max(spread);
        asked.map_or(delay, |asked| {
            asked
                .max(Duration::from_secs(1))
                .max(delay.min(asked + self.first))
        })
    }
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

    #[test]
    fn delays_grow_to_hours() {
        let mut left = Duration::from_hours(84);
        let mut hours = Vec::new();
        for before in 0..11 {
            let tries = Tries {
                first: Duration::from_secs(30),
                most: 12,
                before,
                left,
            };
            let delay = tries.delay(None, 0.5);
            left = left.saturating_sub(delay);
            hours.push(delay.as_secs() / 3600);
        }
        assert_eq!(hours, [0, 0, 0, 1, 2, 3, 5, 8, 12, 19, 29]);
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
            let asked = Duration::from_secs(asked);
            let tries = Tries {
                first: Duration::from_secs(30),
                most: 12,
                before: retries,
                left: Duration::from_hours(84),
            };
            prop_assert!(tries.delay(Some(asked), chance) >= asked);
            let free = tries.delay(None, chance);
            prop_assert!(free >= Duration::from_secs(1) && free <= tries.left);
        }

        #[test]
        fn the_last_try_comes_when_half_the_time_has_passed(
            most in 2u32..40, chance in 0.0f64..1.0, first in 1u64..600
        ) {
            let half = Duration::from_hours(84);
            let mut passed = Duration::ZERO;
            for before in 0..most - 1 {
                let tries = Tries {
                    first: Duration::from_secs(first),
                    most,
                    before,
                    left: half.saturating_sub(passed),
                };
                passed += tries.delay(None, chance);
            }
            prop_assert!(passed >= half);
        }
    }
}
