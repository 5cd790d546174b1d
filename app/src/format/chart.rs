//! The daily chart: three series on their own scales, as thousandths of the axis.

use types::{Nanos, usage::Day};

use super::Format;
use crate::api::overview::{Chart, DayView};

const STEPS: u64 = 4;

impl Format {
    pub fn chart(&self, days: &[Day]) -> Chart {
        let series = [
            days.iter()
                .map(|day| u64::try_from(day.sums.cost_nanos.0).unwrap_or(0))
                .collect::<Vec<_>>(),
            days.iter().map(|day| day.sums.tokens.total()).collect(),
            days.iter().map(|day| day.sums.requests).collect(),
        ];
        // The least step of money is a tenth of a cent: an empty chart then reads $0.004, not $0.000000004.
        let least = [1_000_000, 1, 1];
        let steps: [u64; 3] = std::array::from_fn(|index| {
            let most = series[index].iter().copied().max().unwrap_or(0);
            step(if most == 0 { least[index] * STEPS } else { most })
        });
        let at = |index: usize, day: usize| series[index].get(day).copied().unwrap_or(0);
        Chart {
            days: days
                .iter()
                .enumerate()
                .map(|(index, day)| DayView {
                    label: self.day_label(&day.date),
                    date: day.date.clone(),
                    values: std::array::from_fn(|which| self.exact(which, at(which, index))),
                    heights: std::array::from_fn(|which| height(at(which, index), steps[which] * STEPS)),
                })
                .collect(),
            ticks: std::array::from_fn(|which| {
                (0..=STEPS)
                    .rev()
                    .map(|line| self.short(which, steps[which].saturating_mul(line)))
                    .collect()
            }),
            totals: std::array::from_fn(|which| {
                self.short(
                    which,
                    series[which].iter().fold(0, |sum, value| sum.saturating_add(*value)),
                )
            }),
            peaks: std::array::from_fn(|which| {
                let highest = series[which].iter().enumerate().max_by_key(|(_, value)| **value);
                highest.map_or(0, |(day, _)| day)
            }),
        }
    }

    /// `2026-11-18` as `18 Nov`.
    fn day_label(&self, date: &str) -> String {
        match date.parse::<jiff::civil::Date>() {
            Ok(date) => self.numbers.day(date.day(), date.month()),
            Err(_) => date.to_owned(),
        }
    }

    fn exact(&self, which: usize, value: u64) -> String {
        match which {
            0 => self.numbers.money(nanos(value)),
            _ => self.numbers.count(value),
        }
    }

    fn short(&self, which: usize, value: u64) -> String {
        match which {
            0 => self.numbers.money_short(nanos(value)),
            _ => self.numbers.compact(value),
        }
    }
}

fn nanos(value: u64) -> Nanos {
    Nanos(i64::try_from(value).unwrap_or(i64::MAX))
}

/// The least of 1, 2, 2.5, 5 × 10ⁿ of which [`STEPS`] reach `most`.
fn step(most: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        let candidates = [power, power * 2, power * 5 / 2, power * 5];
        if let Some(step) = candidates.into_iter().find(|step| step.saturating_mul(STEPS) >= most) {
            return step;
        }
        match power.checked_mul(10).filter(|power| *power <= u64::MAX / 100) {
            Some(next) => power = next,
            None => return most / STEPS + 1,
        }
    }
}

/// Something is never nothing: the least bar is still seen.
fn height(value: u64, top: u64) -> u16 {
    if value == 0 {
        return 0;
    }
    let thousandths = u128::from(value) * 1000 / u128::from(top.max(1));
    u16::try_from(thousandths).unwrap_or(1000).clamp(8, 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_ends_on_a_round_number_at_or_above_the_highest_bar() {
        for (most, expected) in [
            (1, 1),
            (4, 1),
            (5, 2),
            (9, 5),
            (40, 10),
            (41, 20),
            (97, 25),
            (101, 50),
            (612_000, 200_000),
        ] {
            let step = step(most);
            assert!(step * STEPS >= most);
            assert_eq!(step, expected, "{most}");
        }
        assert!(step(u64::MAX) > 0);
    }

    #[test]
    fn bar_is_never_invisible_nor_above_the_axis() {
        assert_eq!(height(0, 100), 0);
        assert_eq!(height(1, 1_000_000), 8);
        assert_eq!(height(100, 100), 1000);
    }
}
