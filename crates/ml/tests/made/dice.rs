//! Numbers that a seed determines, the same everywhere: SplitMix64.
#![allow(dead_code, reason = "not every test needs all")]

pub struct Dice(pub u64);

impl Dice {
    /// A number from 0 to 1.
    pub fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A standard normal number, by Box and Muller.
    pub fn bell(&mut self) -> f64 {
        let (a, b) = (1.0 - self.roll(), self.roll());
        (-2.0 * a.ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
    }
}
