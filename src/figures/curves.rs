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
    dashes_after(0.0, curve, on, off)
}

/// The pieces of a curve that are its own where `of` curves lie on each other: of pieces of one
/// length every `of`-th, from number `turn` on.
pub(super) fn turns(
    curve: &[(f64, f64)],
    length: f64,
    (turn, of): (usize, usize),
) -> Vec<Vec<(f64, f64)>> {
    dashes_after(turn as f64 * length, curve, length, (of - 1) as f64 * length)
}

/// The dashes of a curve after a gap at its beginning.
fn dashes_after(gap: f64, curve: &[(f64, f64)], on: f64, off: f64) -> Vec<Vec<(f64, f64)>> {
    let mut dashes = if gap > 0.0 { vec![] } else { vec![vec![curve[0]]] };
    let (mut drawing, mut left) = if gap > 0.0 { (false, gap) } else { (true, on) };
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

/// The curve without the points that lie within `distance` of the line through those that stay
/// (Ramer 1972, Douglas and Peucker 1973). A nearly straight curve whose many points are rounded to
/// pixels would have a kink at each.
pub(super) fn thinned(curve: &[(f64, f64)], distance: f64) -> Vec<(f64, f64)> {
    if curve.len() < 3 {
        return curve.to_vec();
    }
    let mut stays = vec![false; curve.len()];
    let mut open = vec![(0, curve.len() - 1)];
    while let Some((first, last)) = open.pop() {
        stays[first] = true;
        stays[last] = true;
        let (from, to) = (curve[first], curve[last]);
        let along = (to.0 - from.0, to.1 - from.1);
        let length = along.0.hypot(along.1);
        let away = |&(x, y): &(f64, f64)| {
            let (dx, dy) = (x - from.0, y - from.1);
            let part = (dx * along.0 + dy * along.1) / (length * length);
            // From the segment, so that a curve that turns back keeps its turn.
            let part = if length > 0.0 { part.clamp(0.0, 1.0) } else { 0.0 };
            (dx - part * along.0).hypot(dy - part * along.1)
        };
        let farthest = (first + 1..last)
            .map(|i| (i, away(&curve[i])))
            .fold((first, 0.0), |most, this| if this.1 > most.1 { this } else { most });
        if farthest.1 > distance {
            open.extend([(first, farthest.0), (farthest.0, last)]);
        }
    }
    let kept = curve.iter().zip(stays).filter(|(_, stays)| *stays);
    kept.map(|(point, _)| *point).collect()
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
    fn curves_in_turns_cover_a_line_once() {
        let line = [(0.0, 0.0), (4.0, 0.0), (10.0, 0.0)];
        let all: Vec<Vec<Vec<(f64, f64)>>> = (0..3).map(|k| turns(&line, 2.0, (k, 3))).collect();
        let ends = |pieces: &[Vec<(f64, f64)>]| -> Vec<(f64, f64)> {
            pieces.iter().map(|p| (p[0].0, p[p.len() - 1].0)).collect()
        };
        assert_eq!(ends(&all[0]), [(0.0, 2.0), (6.0, 8.0)]);
        assert_eq!(ends(&all[1]), [(2.0, 4.0), (8.0, 10.0)]);
        assert_eq!(ends(&all[2]), [(4.0, 6.0)]);
    }

    #[test]
    fn dashes_cover_their_share_of_a_line() {
        let all = dashes(&[(0.0, 0.0), (30.0, 0.0), (80.0, 0.0)], 5.0, 3.0);
        assert_eq!(all.len(), 10);
        let length: f64 = all.iter().flat_map(|d| d.windows(2)).map(|w| w[1].0 - w[0].0).sum();
        assert!((length - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_thinned_curve_stays_within_the_distance_and_straight_parts_have_no_points() {
        let line: Vec<_> = (0..100).map(|i| (f64::from(i), 0.3 * f64::from(i))).collect();
        assert_eq!(thinned(&line, 0.1), [line[0], line[99]]);
        let arc: Vec<_> = (0..=200).map(|i| 0.01 * f64::from(i)).collect();
        let arc: Vec<_> = arc.iter().map(|a: &f64| (100.0 * a.cos(), 100.0 * a.sin())).collect();
        let kept = thinned(&arc, 0.4);
        assert!((5..40).contains(&kept.len()), "{}", kept.len());
        // The middle of a chord of length c is c²/8R inside the circle.
        for pair in kept.windows(2) {
            let sagitta = (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1).powi(2) / 800.0;
            assert!(sagitta <= 0.41, "{sagitta}");
        }
        let turn = [(0.0, 0.0), (9.0, 0.0), (5.0, 0.0)];
        assert_eq!(thinned(&turn, 0.5), turn);
        assert_eq!(thinned(&[(1.0, 2.0)], 0.5), [(1.0, 2.0)]);
    }
}
