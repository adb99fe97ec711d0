//! The covariance beside its diagonal, in the stationary state.

use super::caption::{fill, of_chain, sizes, tex_number};
use super::{Entry, GalleryError, Source, bonds, done};
use crate::covariance::modal::Modal;
use crate::figures::label::plain;
use crate::figures::{Axis, Figure, Map, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::steady;

pub(super) const ENTRY: Entry = Entry {
    name: "covariance",
    title: "Correlations over the whole chain",
    caption,
    scenario: Some("parabola"),
    figure,
};

const SIZES: [usize; 3] = [16, 32, 64];

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let all = source.sizes(&SIZES)?;
    let chain = source.chain(&[bonds(all[0])])?;
    let text = r"Stationary covariances of the pulled chain ($\bar F = @F@$, @chain@), one column a
        size ($N = @sizes@$), the variances (grey diagonals) left out. First row: momenta, times
        $N^2$. Neighbours are anticorrelated, whatever $N$; all others share a small covariance of
        one sign, visible for the shortest chain, whose multiple of $N^2$ falls as $N$ grows. Second
        row: elongations, times $N$: correlated over the whole chain. Third row: momenta and
        elongations, times $N$: the current of thermal energy through every bond, which may change
        its sign along the chain. One range of colours a row.";
    Ok(fill(
        text,
        &[("F", tex_number(chain.force.mean)), ("chain", of_chain(&chain)), ("sizes", sizes(&all))],
    ))
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let sizes = source.sizes(&SIZES)?;
    let mut columns = Vec::new();
    for (index, &size) in sizes.iter().enumerate() {
        let chain = source.chain(&[bonds(size)])?;
        let (solution, _) = steady::covariance(&Modal::new(&chain).watched_by(monitor.silent()))?;
        let covariance = solution
            .moments
            .covariance
            .ok_or_else(|| GalleryError::Way("there is no covariance".into()))?;
        columns.push((size, covariance, solution.errors));
        done(monitor, (index + 1) as f64 / sizes.len() as f64)?;
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
            // Beside the diagonal no entry is farther off than the larger of these.
            let error = errors.correlation.max(errors.var_r).max(errors.var_p);
            let (xs, ys) = (along(row != 1), along(row == 0));
            let value =
                |i: usize, j: usize| if i == j { f64::NAN } else { scale * covariance[[i, j]] };
            maps.push(Map {
                quantity: quantity.into(),
                name: format!("{}, N = {bonds}", plain(quantity)),
                values: ys.iter().map(|y| xs.iter().map(|x| value(x.0, y.0)).collect()).collect(),
                xs: xs.into_iter().map(|x| x.1).collect(),
                errors: vec![scale * error; ys.len()],
                ys: ys.into_iter().map(|y| y.1).collect(),
                divergent: true,
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
            let title = if row == 0 { format!("*N* = {}", sizes[column]) } else { String::new() };
            let map = Map { range: (-largest, largest), bar: column + 1 == sizes.len(), ..map };
            let parameters = source.parameters()?.with("N", sizes[column]);
            panels.push(Panel { title, parameters, x, y, map: Some(map), ..Default::default() });
        }
    }
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 160.0),
        columns: sizes.len(),
        panels,
        ..Default::default()
    })
}
