//! The covariance beside its diagonal, in the stationary state.

use super::{Entry, GalleryError, chain, done};
use crate::covariance::modal::Modal;
use crate::figures::{Axis, Figure, Map, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::steady;

pub(super) const ENTRY: Entry = Entry {
    name: "covariance",
    title: "Correlations over the whole chain",
    caption: "Stationary covariances of the pulled chain (F̄ = 2, T₋ = 2, T₊ = 1, γ = 1) for three sizes, the variances (grey diagonals) left out. \
              (a–c) Momenta, times N²: only neighbours differ visibly from zero. (d–f) Elongations, times N: correlated over the whole chain. (g–i) Momenta and \
              elongations, times N: the current of thermal energy through every bond, which changes its sign along the chain. One range of colours a \
              row: scaled so, the patterns stay as they are while the chain grows.",
    scenario: Some("parabola"),
    figure,
};

const SIZES: [usize; 3] = [16, 32, 64];

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let mut columns = Vec::new();
    for (index, bonds) in SIZES.into_iter().enumerate() {
        let chain = chain("parabola", &[&format!("chain.bonds={bonds}")])?;
        let (solution, _) = steady::covariance(&Modal::new(&chain).watched_by(monitor.silent()))?;
        let covariance = solution
            .moments
            .covariance
            .ok_or_else(|| GalleryError::Way("there is no covariance".into()))?;
        columns.push((bonds, covariance, solution.errors));
        done(monitor, (index + 1) as f64 / 3.0)?;
    }
    let blocks = [
        ("*N*² Cov(*p*_{*n*}, *p*_{*k*})", 2),
        ("*N* Cov(*r*_{*n*}, *r*_{*k*})", 1),
        ("*N* Cov(*p*_{*n*}, *r*_{*k*})", 1),
    ];
    let mut panels = Vec::new();
    for (row, (quantity, power)) in blocks.into_iter().enumerate() {
        let mut maps = Vec::new();
        for (bonds, covariance, errors) in &columns {
            let n = *bonds as f64;
            let scale = n.powi(power);
            let along = |momentum: bool| -> Vec<(usize, f64)> {
                let first = if momentum { 0 } else { 1 };
                (first..=*bonds)
                    .map(|s| (if momentum { bonds + s } else { s - 1 }, s as f64 / n))
                    .collect()
            };
            let (xs, ys) = (along(row != 1), along(row == 0));
            let value =
                |i: usize, j: usize| if i == j { f64::NAN } else { scale * covariance[[i, j]] };
            maps.push(Map {
                quantity: quantity.into(),
                values: ys.iter().map(|y| xs.iter().map(|x| value(x.0, y.0)).collect()).collect(),
                xs: xs.into_iter().map(|x| x.1).collect(),
                ys: ys.into_iter().map(|y| y.1).collect(),
                divergent: true,
                error: scale
                    * if row == 2 { errors.correlation } else { errors.var_r.max(errors.var_p) },
                ..Default::default()
            });
        }
        let largest = maps.iter().flat_map(|m| m.values.iter().flatten()).filter(|v| v.is_finite());
        let largest = largest.fold(0.0f64, |most, v| most.max(v.abs()));
        for (column, map) in maps.into_iter().enumerate() {
            let (mut x, mut y) = (
                Axis::new("*n*/*N*").over(0.0, 1.0).at(&[0.0, 0.5, 1.0]),
                Axis::new("*k*/*N*").over(0.0, 1.0).at(&[0.0, 0.5, 1.0]),
            );
            x.bare = row < 2;
            y.bare = column > 0;
            let title = if row == 0 { format!("*N* = {}", SIZES[column]) } else { String::new() };
            let map = Map { range: (-largest, largest), bar: column == 2, ..map };
            panels.push(Panel { title, x, y, map: Some(map), ..Default::default() });
        }
    }
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 160.0),
        columns: 3,
        panels,
        key: None,
    })
}
