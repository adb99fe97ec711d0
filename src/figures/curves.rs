//! Cuts curves at the axes and into dashes.

/// Whether a place is in the unit square.
pub(super) fn inside(&(x, y): &(f64, f64)) -> bool {
    let unit = -1e-9..=1.0 + 1e-9;
    unit.contains(&x) && unit.contains(&y)
}

/// The part of a segment within a rectangle, as shares of its length (Liang and Barsky 1984);
/// `None` where it does not enter.
pub(super) fn part_within(
    from: (f64, f64),
    to: (f64, f64),
    least: (f64, f64),
    most: (f64, f64),
) -> Option<(f64, f64)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let mut part = (0.0f64, 1.0f64);
    let sides = [
        (-dx, from.0 - least.0),
        (dx, most.0 - from.0),
        (-dy, from.1 - least.1),
        (dy, most.1 - from.1),
    ];
    for (step, room) in sides {
        if step < 0.0 {
            part.0 = part.0.max(room / step);
        } else if step > 0.0 {
            part.1 = part.1.min(room / step);
        } else if room < -1e-9 {
            return None;
        }
    }
    (part.0 <= part.1).then_some(part)
}

/// The pieces of a curve within the unit square, broken where a point is missing.
pub(super) fn clip(curve: &[Option<(f64, f64)>]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    if let [Some(only)] = curve {
        return if inside(only) { vec![vec![*only]] } else { vec![] };
    }
    for pair in curve.windows(2) {
        let (Some(from), Some(to)) = (pair[0], pair[1]) else { continue };
        let Some(part) = part_within(from, to, (0.0, 0.0), (1.0, 1.0)) else { continue };
        let [start, end] =
            [part.0, part.1].map(|p| (from.0 + p * (to.0 - from.0), from.1 + p * (to.1 - from.1)));
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&start) => piece.push(end),
            _ => pieces.push(vec![start, end]),
        }
    }
    pieces
}

/// Cuts a curve into dashes of length `on` with gaps of length `off`.
pub(super) fn dashes(curve: &[(f64, f64)], on: f64, off: f64) -> Vec<Vec<(f64, f64)>> {
    let mut dashes = vec![vec![curve[0]]];
    let (mut drawing, mut left) = (true, on);
    for pair in curve.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                break;
            }
            let part = left / length;
            from = (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1));
            match (drawing, dashes.last_mut()) {
                (true, Some(dash)) => dash.push(from),
                _ => dashes.push(vec![from]),
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        if let (true, Some(dash)) = (drawing, dashes.last_mut()) {
            dash.push(to);
        }
    }
    dashes.retain(|dash| dash.len() > 1);
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_end_at_the_axes() {
        let curve = [(0.5, 0.5), (0.5, 1.5), (2.0, 1.5), (0.5, 0.0)].map(Some);
        let pieces = clip(&curve);
        assert_eq!(pieces[0], [(0.5, 0.5), (0.5, 1.0)]);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[1][1], (0.5, 0.0));
        assert!((pieces[1][0].0 - 1.0).abs() < 1e-12 && (pieces[1][0].1 - 0.5).abs() < 1e-12);
        assert!(clip(&[Some((0.1, 0.1)), None, Some((0.2, 0.2))]).is_empty());
    }

    #[test]
    fn dashes_cover_their_share_of_a_line() {
        let all = dashes(&[(0.0, 0.0), (30.0, 0.0), (80.0, 0.0)], 5.0, 3.0);
        assert_eq!(all.len(), 10);
        let length: f64 = all.iter().flat_map(|d| d.windows(2)).map(|w| w[1].0 - w[0].0).sum();
        assert!((length - 50.0).abs() < 1e-9);
    }
}
