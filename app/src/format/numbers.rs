//! Numbers and money as text: grouping, decimal mark and units of the language.

use types::Nanos;

use crate::locale::Locale;

pub struct Numbers(pub Locale);

const NARROW_SPACE: char = '\u{202f}';
const MONTHS_EN: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const MONTHS_RU: [&str; 12] = [
    "янв.",
    "февр.",
    "мар.",
    "апр.",
    "мая",
    "июн.",
    "июл.",
    "авг.",
    "сент.",
    "окт.",
    "нояб.",
    "дек.",
];

impl Numbers {
    fn english(&self) -> bool {
        self.0 == Locale::En
    }

    /// `1,234,567` or `1 234 567`.
    pub fn count(&self, value: u64) -> String {
        self.grouped(&value.to_string())
    }

    fn grouped(&self, digits: &str) -> String {
        let separator = if self.english() { ',' } else { NARROW_SPACE };
        let mut out = String::with_capacity(digits.len() * 2);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push(separator);
            }
            out.push(digit);
        }
        out
    }

    /// Exact below a million, then three digits: `61.4 M`.
    pub fn compact(&self, value: u64) -> String {
        let (unit, name) = match (value, self.english()) {
            (..1_000_000, _) => return self.count(value),
            (..1_000_000_000, true) => (1_000_000, "M"),
            (..1_000_000_000, false) => (1_000_000, "млн"),
            (_, true) => (1_000_000_000, "B"),
            (_, false) => (1_000_000_000, "млрд"),
        };
        let whole = value / unit;
        let decimals = match whole {
            0..10 => 2,
            10..100 => 1,
            _ => 0,
        };
        let fraction = (value % unit) / (unit / 100);
        let text = match decimals {
            2 => format!("{whole}.{fraction:02}"),
            1 => format!("{whole}.{}", fraction / 10),
            _ => self.grouped(&whole.to_string()),
        };
        format!("{}\u{a0}{name}", self.mark(text))
    }

    /// The decimal mark of the language.
    fn mark(&self, text: String) -> String {
        if self.english() { text } else { text.replace('.', ",") }
    }

    /// Every digit: `$0.000612`.
    pub fn money(&self, value: Nanos) -> String {
        let decimal = value.to_decimal();
        let (sign, digits) = match decimal.strip_prefix('-') {
            Some(digits) => ("−", digits),
            None => ("", decimal.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "00"));
        let whole = self.grouped(whole);
        if self.english() {
            format!("{sign}${whole}.{fraction}")
        } else {
            format!("{sign}{whole},{fraction}\u{a0}$")
        }
    }

    /// Cents from a dollar up, three digits below: what a tile has room for. Never 0 for something.
    pub fn money_short(&self, value: Nanos) -> String {
        let size = value.0.unsigned_abs();
        let unit = if size >= 1_000_000_000 {
            10_000_000
        } else {
            10u64.pow(size.checked_ilog10().unwrap_or(0).saturating_sub(2))
        };
        let rounded = size.saturating_add(unit / 2) / unit * unit;
        let rounded = i64::try_from(rounded).unwrap_or(i64::MAX);
        self.money(Nanos(if value.0 < 0 { -rounded } else { rounded }))
    }

    /// `412 ms`, `1.3 s`.
    pub fn millis(&self, value: u64) -> String {
        let (ms, s) = if self.english() { ("ms", "s") } else { ("мс", "с") };
        if value < 1000 {
            return format!("{value}\u{a0}{ms}");
        }
        let tenths = value.saturating_add(50) / 100;
        format!("{}\u{a0}{s}", self.mark(format!("{}.{}", tenths / 10, tenths % 10)))
    }

    /// `71 %`
    pub fn share(&self, part: u64, whole: u64) -> String {
        let percent = u128::from(part) * 100 / u128::from(whole.max(1));
        format!("{percent}\u{a0}%")
    }

    /// `18 Nov`. `month` counts from 1.
    pub fn day(&self, day: i8, month: i8) -> String {
        let months = if self.english() { &MONTHS_EN } else { &MONTHS_RU };
        let index = usize::try_from(month).unwrap_or(1).saturating_sub(1);
        format!("{day}\u{a0}{}", months.get(index).unwrap_or(&""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Numbers = Numbers(Locale::En);
    const RU: Numbers = Numbers(Locale::Ru);

    #[test]
    fn counts_are_grouped() {
        assert_eq!(EN.count(0), "0");
        assert_eq!(EN.count(999), "999");
        assert_eq!(EN.count(48_210), "48,210");
        assert_eq!(RU.count(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn large_counts_are_cut_not_rounded_up() {
        assert_eq!(EN.compact(999_999), "999,999");
        assert_eq!(EN.compact(1_239_999), "1.23\u{a0}M");
        assert_eq!(EN.compact(61_400_000), "61.4\u{a0}M");
        assert_eq!(RU.compact(61_400_000), "61,4\u{a0}млн");
        assert_eq!(EN.compact(614_000_000_000), "614\u{a0}B");
    }

    #[test]
    fn money_in_tables_keeps_every_digit() {
        assert_eq!(EN.money(Nanos(612_000)), "$0.000612");
        assert_eq!(EN.money(Nanos(1_234_567_890_123)), "$1,234.567890123");
        assert_eq!(RU.money(Nanos(12_500_000_000)), "12,50\u{a0}$");
    }

    #[test]
    fn money_in_tiles_is_short_and_never_zero_for_something() {
        assert_eq!(EN.money_short(Nanos(0)), "$0.00");
        assert_eq!(EN.money_short(Nanos(1)), "$0.000000001");
        assert_eq!(EN.money_short(Nanos(612_499)), "$0.000612");
        assert_eq!(EN.money_short(Nanos(184_274_999_999)), "$184.27");
        assert_eq!(EN.money_short(Nanos(999_999_999)), "$1.00");
    }

    #[test]
    fn durations_have_one_decimal_above_a_second() {
        assert_eq!(EN.millis(412), "412\u{a0}ms");
        assert_eq!(RU.millis(1349), "1,3\u{a0}с");
    }
}
