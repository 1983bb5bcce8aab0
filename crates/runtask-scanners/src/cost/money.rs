//! Amounts of money, exact, and as people read them.

use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;
use std::str::FromStr;

/// A currency, by its code of three letters.
///
/// Source: ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency([u8; 3]);

impl Currency {
    /// What is meant when nothing is said, by us and by Infracost.
    pub(crate) const USD: Self = Self(*b"USD");

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

/// A text that is no code of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is a code of three letters, such as USD")]
pub struct UnknownCurrency;

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_other_length| UnknownCurrency)?;
        if code.iter().all(u8::is_ascii_alphabetic) {
            Ok(Self(code.map(|it| it.to_ascii_uppercase())))
        } else {
            Err(UnknownCurrency)
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// How much, exact.
    pub amount: Decimal,
    /// Of what.
    pub currency: Currency,
}

/// An amount as a tool writes it; nothing where it is no number that can be kept.
pub(crate) fn amount(text: &str) -> Option<Decimal> {
    // Nobody writes longer ones, and it must not take long.
    let text = Some(text).filter(|it| it.len() <= 200)?;
    Decimal::from_str(text).or_else(|_other| Decimal::from_scientific(text)).ok()
}

impl Money {
    /// With a sign, unless it is nothing: `+$45.81`, `-22.91 EUR`.
    pub(crate) fn signed(self) -> String {
        let shown = self.cents();
        if shown.is_zero() {
            return self.to_string();
        }
        let sign = if shown.is_sign_negative() { "-" } else { "+" };
        format!("{sign}{}", Self { amount: shown.abs(), ..self })
    }

    /// To two places, half away from zero.
    fn cents(self) -> Decimal {
        self.amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    }

    /// Whether people read it as nothing.
    pub(crate) fn is_nothing(self) -> bool {
        self.cents().is_zero()
    }
}

impl fmt::Display for Money {
    /// `$1,234.50`, `-1,234.50 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.cents();
        let sign = if cents.is_sign_negative() && !cents.is_zero() { "-" } else { "" };
        let text = format!("{:.2}", cents.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, "00"));
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        match self.currency {
            Currency::USD => write!(f, "{sign}${grouped}.{rest}"),
            currency => write!(f, "{sign}{grouped}.{rest} {currency}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str, currency: &str) -> Money {
        Money { amount: amount(text).unwrap(), currency: currency.parse().unwrap() }
    }

    #[test]
    fn amounts_are_shown_to_the_cent() {
        for (text, plain, signed) in [
            ("45.81", "$45.81", "+$45.81"),
            ("-22.905", "-$22.91", "-$22.91"),
            ("0.005", "$0.01", "+$0.01"),
            ("0.0049", "$0.00", "$0.00"),
            ("-0.0049", "$0.00", "$0.00"),
            ("-0", "$0.00", "$0.00"),
            ("999.995", "$1,000.00", "+$1,000.00"),
            ("1234567.1", "$1,234,567.10", "+$1,234,567.10"),
            ("1e3", "$1,000.00", "+$1,000.00"),
            ("45.809999999999999999999999999999999999999", "$45.81", "+$45.81"),
        ] {
            assert_eq!(
                (money(text, "USD").to_string().as_str(), money(text, "usd").signed().as_str()),
                (plain, signed),
                "{text}"
            );
        }
        assert_eq!(money("-22.905", "EUR").signed(), "-22.91 EUR");
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for text in [
            "",
            "abc",
            "$45",
            "1,000",
            "NaN",
            "inf",
            &"9".repeat(40),
            &format!("0.{}", "1".repeat(1_000_000)),
        ] {
            assert_eq!(amount(text), None);
        }
        for text in ["", "US", "USDT", "U$D", "€€"] {
            assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency));
        }
    }

    proptest! {
        /// Cents are neither lost nor invented.
        #[test]
        fn an_amount_of_cents_is_shown_as_it_is(cents in -100_000_000_000_i64..100_000_000_000) {
            let money = Money { amount: Decimal::new(cents, 2), currency: Currency::USD };
            let digits: String = money.to_string().chars().filter(|it| it.is_ascii_digit() || *it == '-').collect();
            prop_assert_eq!(digits.parse::<i64>().unwrap(), cents);
        }
    }
}
