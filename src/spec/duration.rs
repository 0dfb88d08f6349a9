//! How long something lasts.

use super::checked::checked;

/// What reads a duration counts it in nanoseconds, in 63 bits: <https://pkg.go.dev/time#Duration>.
const LONGEST_SECONDS: u64 = i64::MAX as u64 / 1_000_000_000;

checked!(
    /// A duration in hours, minutes and seconds, such as `1h30m`.
    Duration,
    |text| {
        let seconds = |part: &str| {
            let unit = part.chars().last()?;
            let factor = match unit {
                'h' => 3600,
                'm' => 60,
                's' => 1,
                _ => return None,
            };
            let digits = part.strip_suffix(unit).filter(|digits| !digits.is_empty())?;
            // More digits than any number has room for are too many all the same.
            Some(digits.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(factor))
        };
        let mut parts = text.split_inclusive(|c: char| !c.is_ascii_digit());
        match parts.try_fold(0, |sum: u64, part| Some(sum.saturating_add(seconds(part)?))) {
            Some(sum) if !text.is_empty() && sum <= LONGEST_SECONDS => Ok(()),
            Some(sum) if sum > LONGEST_SECONDS => Err(format!("`{text}` is longer than 292 years, the longest duration")),
            _ => Err(format!("`{text}` is not a duration such as 30m")),
        }
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_one_that_its_reader_takes() {
        for text in ["30m", "1h30m", "0s", "2562047h47m16s", "001m"] {
            assert!(text.parse::<Duration>().is_ok(), "{text}");
        }
        for text in [
            "",
            "30",
            "m",
            "h30m",
            "30 m",
            "1d",
            "2562047h47m17s",
            &format!("{}s", "9".repeat(30)),
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
