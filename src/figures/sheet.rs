//! The sheet that a figure is laid out on, and what the parts of the layout share.

use super::axis::Fitted;
use super::curves::{clip, inside};
use super::item::{Frame, Item};
use super::style::Theme;
use super::{Axis, Layer, Mark};

/// Size of numbers and keys, of the text's.
pub(super) const SMALL: f64 = 7.0 / 8.0;

pub(super) struct Sheet<'a> {
    pub(super) items: Vec<Item>,
    pub(super) theme: &'a Theme,
    /// The text's size.
    pub(super) em: f64,
}

/// An axis' label with the power of ten of its numbers.
pub(super) fn title(axis: &Axis, fitted: &Fitted) -> String {
    match fitted.factor {
        Some(k) => format!("{}  (10^{{{k}}})", axis.label).replace("{-", "{−"),
        None => axis.label.clone(),
    }
}

/// A layer's curve or signs within the frame.
pub(super) fn pieces(
    layer: &Layer,
    [x_axis, y_axis]: [&Fitted; 2],
    frame: Frame,
) -> Vec<Vec<(f64, f64)>> {
    let place = |&(x, y): &(f64, f64)| Some((x_axis.beyond(x)?, y_axis.beyond(y)?));
    let places = layer.points.iter().map(place);
    let (first, step) = layer.drawn;
    let pieces: Vec<Vec<_>> = match layer.mark {
        Mark::Bar => {
            let bars = layer.bars().map(|bar| bar.each_ref().map(place));
            bars.flat_map(|bar| clip(&bar)).collect()
        }
        Mark::Line | Mark::Dashed | Mark::Guide => clip(&places.collect::<Vec<_>>()),
        _ => vec![places.skip(first).step_by(step.max(1)).flatten().filter(inside).collect()],
    };
    let at = |p: Vec<(f64, f64)>| p.into_iter().map(|(x, y)| frame.at(x, y)).collect();
    pieces.into_iter().map(at).collect()
}
