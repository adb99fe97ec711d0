//! Numbers in sentences: as many digits as are known, and uncertainties as bounds.

use super::fit::Uncertain;

/// A number with `count` significant digits, without trailing zeros.
pub fn digits(value: f64, count: usize) -> String {
    let rounded: f64 = format!("{value:.*e}", count - 1).parse().unwrap_or(value);
    if rounded == 0.0 || (1e-3..1e5).contains(&rounded.abs()) {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}

/// An uncertainty rounded up to this many decimals.
pub fn at_least(uncertainty: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    // A number that misses a whole one by its own rounding is that one.
    (uncertainty * unit * (1.0 - 1e-9)).ceil() / unit
}

/// The place of the first digit of an uncertainty, as a number of decimals.
fn first_digit(uncertainty: f64) -> i32 {
    -uncertainty.log10().floor() as i32
}

/// A fitted rate with the first digit of its uncertainty, and no digits beyond it.
pub fn measured(number: Uncertain) -> String {
    let Uncertain { value, uncertainty } = number;
    if uncertainty > 0.0 && uncertainty < 1e-5 && value.abs() < 1e-3 {
        let shown = at_least(uncertainty, first_digit(uncertainty));
        return format!("{value:.0e} ± {shown:.0e}").replace('-', "−");
    }
    let decimals = first_digit(uncertainty).clamp(1, 6);
    let shown = at_least(uncertainty, decimals).max(10f64.powi(-decimals));
    let decimals = decimals as usize;
    format!("{value:.decimals$} ± {shown:.decimals$}").replace('-', "−")
}

/// A limit with the first digit of its uncertainty, and no digits beyond it; eleven at most.
pub fn limit(number: Uncertain) -> String {
    let Uncertain { value, uncertainty } = number;
    if !(uncertainty > 0.0 && uncertainty.is_finite()) {
        return format!("{} ± {uncertainty:.0e}", digits(value, 11));
    }
    let decimals = first_digit(uncertainty);
    let unit = 10f64.powi(decimals);
    // Beyond 15 decimals the eleven digits end first. A sum with 0 has no negative zero.
    let shown = if decimals > 15 { value } else { (value * unit).round() / unit + 0.0 };
    format!("{} ± {:.0e}", digits(shown, 11), at_least(uncertainty, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_printed_beyond_the_uncertainty_and_no_uncertainty_is_made_smaller() {
        let of = |value, uncertainty| Uncertain { value, uncertainty };
        assert_eq!(limit(of(9.372599430041834, 1.28e-6)), "9.372599 ± 2e-6");
        assert_eq!(limit(of(-2.46e-13, 7.9e-11)), "0 ± 8e-11");
        assert_eq!(limit(of(0.25, 0.0)), "0.25 ± 0e0");
        assert_eq!(limit(of(1234.5, 20.0)), "1230 ± 2e1");
        assert_eq!(measured(of(-0.99813, 0.00121)), "−0.998 ± 0.002");
        assert_eq!(measured(of(-2.0, 0.0)), "−2.000000 ± 0.000001");
        assert_eq!(measured(of(3.4e-8, 1.2e-9)), "3e−8 ± 2e−9");
        assert_eq!(at_least(0.003, 3), 0.003);
        assert_eq!(at_least(0.0031, 2), 0.01);
    }
}
