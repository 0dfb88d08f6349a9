//! Kubernetes resource quantities: `250m`, `1.5`, `512Mi`.
//!
//! Format: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A quantity that is known to parse. It is kept as written; comparison is by value.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Value", into = "String")]
pub struct Quantity {
    text: String,
    nano: i128,
}

impl Quantity {
    /// The value in thousandths, rounded up as Kubernetes does.
    pub fn milli(&self) -> i128 {
        self.nano.div_euclid(1_000_000) + i128::from(self.nano.rem_euclid(1_000_000) != 0)
    }

    /// The value in whole units (bytes, for memory), rounded up.
    pub fn units(&self) -> i128 {
        self.nano.div_euclid(NANO) + i128::from(self.nano.rem_euclid(NANO) != 0)
    }

    /// A quantity of so many thousandths, in the API server's own spelling.
    pub fn from_milli(milli: i128) -> Self {
        let text = if milli % 1000 == 0 {
            (milli / 1000).to_string()
        } else {
            format!("{milli}m")
        };
        Self {
            text,
            nano: milli * 1_000_000,
        }
    }

    /// A quantity of so many bytes, in the largest binary unit that divides it.
    pub fn from_bytes(bytes: i128) -> Self {
        let unit = BINARY
            .iter()
            .rev()
            .find(|(_, factor)| bytes != 0 && bytes % factor == 0);
        let text = unit.map_or_else(
            || bytes.to_string(),
            |(name, factor)| format!("{}{name}", bytes / factor),
        );
        Self {
            text,
            nano: bytes.saturating_mul(NANO),
        }
    }
}

const NANO: i128 = 1_000_000_000;
const BINARY: [(&str, i128); 6] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
];
const DECIMAL: [(&str, i32); 9] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.text
    }
}

impl FromStr for Quantity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a quantity such as 250m, 1.5 or 512Mi");
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if number.len() > 24 || (whole.is_empty() && fraction.is_empty()) || fraction.contains('.')
        {
            return Err(wrong());
        }
        let digits: i128 = format!("{whole}{fraction}").parse().map_err(|_| wrong())?;
        let scale = i32::try_from(fraction.len()).map_err(|_| wrong())?;
        let nano = if let Some((_, factor)) = BINARY.iter().find(|(name, _)| *name == suffix) {
            digits
                .checked_mul(*factor)
                .and_then(|value| shift(value, 9 - scale))
        } else {
            let exponent = match suffix.strip_prefix(['e', 'E']) {
                _ if suffix.is_empty() => Some(0),
                Some(exponent) if !exponent.is_empty() => {
                    exponent.parse().ok().filter(|e: &i32| e.abs() <= 18)
                }
                _ => DECIMAL
                    .iter()
                    .find(|(name, _)| *name == suffix)
                    .map(|(_, exponent)| *exponent),
            };
            exponent.and_then(|exponent| shift(digits, 9 - scale + exponent))
        };
        Ok(Self {
            text: text.into(),
            nano: nano.ok_or_else(wrong)?,
        })
    }
}

impl TryFrom<Value> for Quantity {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => text.parse(),
            Value::Number(number) => number.to_string().parse(),
            other => Err(format!(
                "expected a quantity such as 250m or 512Mi, found `{other}`"
            )),
        }
    }
}

fn shift(value: i128, exponent: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 {
        value.checked_mul(factor)
    } else {
        Some(value.div_euclid(factor) + i128::from(value.rem_euclid(factor) != 0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_by_value_whatever_the_spelling() {
        for (left, right) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1Gi", "1024Mi"),
            ("1e3", "1k"),
            (".5", "0.5"),
            ("2E", "2e18"),
        ] {
            assert_eq!(
                left.parse::<Quantity>(),
                right.parse::<Quantity>(),
                "{left} and {right}"
            );
        }
        assert_ne!("1G".parse::<Quantity>(), "1Gi".parse::<Quantity>());
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for text in [
            "",
            "m",
            "1.2.3",
            "12 Mi",
            "1KB",
            "-1",
            "1e",
            "NaN",
            "999999999999999999999999E",
        ] {
            let error = text.parse::<Quantity>().unwrap_err();
            assert!(error.contains("250m"), "{text}: {error}");
        }
    }

    #[test]
    fn sums_are_spelled_as_the_api_server_spells_them() {
        assert_eq!(Quantity::from_milli(1500).to_string(), "1500m");
        assert_eq!(Quantity::from_milli(2000).to_string(), "2");
        assert_eq!(Quantity::from_bytes(3 << 29).to_string(), "1536Mi");
        assert_eq!(Quantity::from_bytes(0).to_string(), "0");
    }

    proptest! {
    #![proptest_config(crate::testing::same_cases())]

        #[test]
        fn no_text_panics_and_what_parses_is_kept_as_written(text in "[-+0-9.eEinumkKMGTP]{0,30}|\\PC{0,10}") {
            if let Ok(quantity) = text.parse::<Quantity>() {
                prop_assert_eq!(quantity.to_string(), text);
                prop_assert!(quantity.milli() >= quantity.units());
            }
        }

        #[test]
        fn a_sum_reads_back_as_its_value(milli in 0..i128::from(u64::MAX), bytes in 0..i128::from(u64::MAX)) {
            prop_assert_eq!(Quantity::from_milli(milli).to_string().parse::<Quantity>().unwrap().milli(), milli);
            prop_assert_eq!(Quantity::from_bytes(bytes).to_string().parse::<Quantity>().unwrap().units(), bytes);
        }
    }
}
