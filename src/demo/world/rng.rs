//! Repeatable random numbers: splitmix64, one stream per entity, so that results don't depend on the order of events.

/// A range of durations in milliseconds, both ends included.
pub(crate) type Span = (i64, i64);

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of `label` in the world of `seed`.
    pub(crate) fn stream(seed: u64, label: &str) -> Self {
        // FNV-1a: stable across builds and platforms, which the standard hasher does not promise.
        let hash = label
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut rng = Self(seed ^ hash);
        rng.next();
        rng
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// A duration within `span`.
    pub(crate) fn within(&mut self, (low, high): Span) -> i64 {
        low + self.below((high - low).max(0) as u64 + 1) as i64
    }

    /// True in `percent` per cent of cases.
    pub(crate) fn chance(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// 128 bits, enough for an id.
    pub(crate) fn wide(&mut self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }

    /// `length` hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.text(length, b"0123456789abcdef")
    }

    /// `length` characters of `alphabet`.
    pub(crate) fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }

    /// An id in the form 8-4-4-4-12.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Nineteen digits, as deployments and service revisions are numbered.
    pub(crate) fn digits(&mut self) -> String {
        (1_000_000_000_000_000_000 + self.below(8_223_372_036_854_775_807)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_label_and_seed() {
        let draw = |seed, label: &str| Rng::stream(seed, label).hex(32);
        assert_eq!(draw(1, "web"), draw(1, "web"));
        assert_ne!(draw(1, "web"), draw(1, "api"));
        assert_ne!(draw(1, "web"), draw(2, "web"));
    }

    #[test]
    fn random_numbers_stay_within_bounds() {
        let mut rng = Rng::stream(7, "bounds");
        for _ in 0..1_000 {
            assert!((5..=9).contains(&rng.within((5, 9))));
            assert!(rng.below(3) < 3);
        }
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.within((4, 4)), 4);
        assert!(!rng.chance(0) && rng.chance(100));
        assert_eq!(rng.digits().len(), 19);
        assert_eq!(rng.uuid().len(), 36);
    }
}
