//! How properties are tried: the same cases for everybody in `cargo test`, other ones on request.

use proptest::test_runner::{Config, RngSeed};

/// The seed of `cargo test`: a property holds or fails alike on every machine and in every run.
const SEED: u64 = 20_261_123;

/// As many cases as `usual`, always the same ones; with `PROPTEST_CASES` set, as many as it says,
/// chosen afresh in each run (`PROPTEST_RNG_SEED` repeats one).
pub fn cases(usual: u32) -> Config {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return Config::default();
    }
    Config {
        rng_seed: RngSeed::Fixed(SEED),
        ..Config::with_cases(usual)
    }
}
