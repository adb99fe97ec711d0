//! Curves that lie under others. Of several lines that cannot be told apart only the last would be
//! seen, as if the others were missing. They are drawn in turns, a piece of each after the other.

use super::style::{PER_MM, Theme};
use super::{Mark, Panel};

/// The part of a cell of the figure that axes and labels take, mm.
const MARGINS: (f64, f64) = (17.0, 14.0);

/// What the heading says of such lines.
pub(super) const STRIPED: &str = "striped: curves that lie on each other";

/// Draws the lines of a panel that lie on each other in turns; `cell` is its share of the figure's
/// width and height, mm. Whether there are any.
pub(super) fn in_turns(panel: &mut Panel, cell: (f64, f64)) -> bool {
    let drawn = |panel: &Panel| -> Vec<usize> {
        let is_line = |i: &usize| panel.layers[*i].mark == Mark::Line;
        (0..panel.layers.len()).filter(is_line).collect()
    };
    let lines = drawn(panel);
    let points = || panel.layers.iter().filter(|l| l.mark != Mark::Guide).flat_map(|l| &l.points);
    let axes = [panel.x.fit(points().map(|p| p.0), 5), panel.y.fit(points().map(|p| p.1), 5)];
    let size = (cell.0 - MARGINS.0, cell.1 - MARGINS.1);
    let paths: Vec<Path> = lines
        .iter()
        .map(|&line| {
            let at = |&(x, y): &(f64, f64)| {
                let (x, y) = (axes[0].beyond(x)?, axes[1].beyond(y)?);
                Some((x * size.0, y * size.1))
            };
            panel.layers[line].points.iter().map(at).collect()
        })
        .collect();
    // A later line is drawn over the earlier ones, so that it stands for all that are under it.
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for line in (0..lines.len()).rev() {
        let over = groups.iter_mut().find(|group| is_under(&paths[line], &paths[group[0]], size.1));
        match over {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups.retain(|group| group.len() > 1);
    for group in &groups {
        for (turn, line) in group.iter().rev().enumerate() {
            panel.layers[lines[*line]].turn = (turn, group.len());
        }
    }
    !groups.is_empty()
}

/// Points in mm from the panel's lower left corner; none where the axes have no such point.
type Path = Vec<Option<(f64, f64)>>;

/// Whether all of a path that is seen in a panel of this height is within a line's width of another
/// that has the same places along x.
fn is_under(path: &Path, over: &Path, height: f64) -> bool {
    let width = Theme::PRINT.line / PER_MM;
    let near = |i: usize| match (path[i], over[i]) {
        (None, None) => true,
        (Some(at), Some(same)) if [at, same].iter().all(|p| p.1 < 0.0 || p.1 > height) => true,
        (Some(at), Some(same)) => {
            // Where the curve is steep, another piece of it is nearer than the one above or below.
            (at.1 - same.1).abs() <= width || {
                let close =
                    |j: &usize| over[*j].is_some_and(|other| (other.0 - at.0).abs() <= width);
                let before = (0..i).rev().take_while(close).count();
                let after = (i + 1..over.len()).take_while(close).count();
                let ends = i.saturating_sub(before + 1)..(i + after + 1).min(over.len() - 1);
                ends.into_iter().any(|j| match (over[j], over[j + 1]) {
                    (Some(from), Some(to)) => distance(at, from, to) <= width,
                    _ => false,
                })
            }
        }
        _ => false,
    };
    path.len() == over.len() && path.len() > 1 && (0..path.len()).all(near)
}

/// The distance of a point from a segment.
fn distance(at: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (along, away) = ((to.0 - from.0, to.1 - from.1), (at.0 - from.0, at.1 - from.1));
    let length = along.0 * along.0 + along.1 * along.1;
    let part = (away.0 * along.0 + away.1 * along.1) / length.max(f64::MIN_POSITIVE);
    let part = part.clamp(0.0, 1.0);
    (away.0 - part * along.0).hypot(away.1 - part * along.1)
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Colour, Layer};
    use super::*;

    fn turns(curves: &[fn(f64) -> f64]) -> Vec<(usize, usize)> {
        let layer = |curve: &fn(f64) -> f64| {
            let points = (0..=100).map(|i| f64::from(i) / 100.0).map(|x| (x, curve(x))).collect();
            Layer::new("", Mark::Line, Colour::Ink, points)
        };
        let layers = curves.iter().map(layer).collect();
        let x = Axis::new("x").over(0.0, 1.0);
        let mut panel = Panel { x, y: Axis::new("y").over(0.0, 1.0), layers, ..Panel::default() };
        in_turns(&mut panel, (89.0, 54.0));
        panel.layers.iter().map(|layer| layer.turn).collect()
    }

    #[test]
    fn lines_that_cannot_be_told_apart_are_drawn_in_turns() {
        // 40 mm high: a line's width of 0.35 mm is 0.009.
        let found = turns(&[|x| x, |_| 0.5, |x| x + 0.004, |x| x - 0.004, |x| 0.9 * x]);
        assert_eq!(found, [(0, 3), (0, 1), (1, 3), (2, 3), (0, 1)]);
        // A gap of two lines' widths is seen.
        assert_eq!(turns(&[|_| 0.5, |_| 0.52]), [(0, 1); 2]);
        // Steep lines are as near to each other as flat ones.
        let steep = turns(&[
            |x| 0.5 + 0.4 * (200.0 * (x - 0.5)).tanh(),
            |x| 0.5 + 0.4 * (200.0 * (x - 0.501)).tanh(),
        ]);
        assert_eq!(steep, [(0, 2), (1, 2)]);
        // Points outside the panel are not seen.
        assert_eq!(
            turns(&[|x| 4.0 * x, |x| if x > 0.3 { 9.0 } else { 4.0 * x }]),
            [(0, 2), (1, 2)]
        );
        // Lines that lie on each other along a part alone are seen where they part.
        assert_eq!(turns(&[|x| x, |x| if x > 0.9 { 0.9 } else { x }]), [(0, 1); 2]);
    }
}
