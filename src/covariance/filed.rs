//! A covariance that does not fit the memory, in a file: from its rows of modes to the order of the
//! sites, in place (docs/theory/theorems.md, (11.1)).
//!
//! The pass over all pairs of modes ([`super::squares`]) writes the columns k' ≥ k of both kinds to
//! the rows r_k and p_k of the file; the matrix is symmetric. Then some rows at a time are
//! completed by their mirror images and transformed, and after them some columns at a time. O(N²
//! log N) time.

use super::packed;
use crate::chain::modes::Modes;
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::numerics::matrix_file::MatrixFile;
use rayon::prelude::*;
use std::io;
use std::ops::Range;

/// Entries that are held at a time.
pub(crate) const HELD: usize = 1 << 22;

/// Why a covariance did not come into its file.
#[derive(Debug)]
pub enum NotFiled {
    /// The file system refused.
    File(io::Error),
    /// The caller ended the run.
    Interrupted(Interrupted),
}

impl From<io::Error> for NotFiled {
    fn from(error: io::Error) -> NotFiled {
        NotFiled::File(error)
    }
}

impl From<Interrupted> for NotFiled {
    fn from(interrupted: Interrupted) -> NotFiled {
        NotFiled::Interrupted(interrupted)
    }
}

/// The places of an open chain's modes in the file: (r_k) for k = 1..N, then (p_k) for k = 0..N.
#[derive(Clone, Copy)]
pub(super) struct Order {
    bonds: usize,
}

impl Order {
    pub fn of(modes: &Modes) -> Order {
        Order { bonds: modes.count() - 1 }
    }

    /// The place of r_k, k > 0.
    pub fn elongation(&self, k: usize) -> usize {
        k - 1
    }

    /// The place of p_k.
    pub fn momentum(&self, k: usize) -> usize {
        self.bonds + k
    }
}

/// Writes row k of the triangle k' ≥ k, in the layout of a packed row.
pub(super) fn put_row(file: &MatrixFile, order: Order, k: usize, values: &[f64]) -> io::Result<()> {
    let [pp, rr, rp, pr] = packed::blocks(values);
    let p = order.momentum(k);
    file.put(p, p, pp)?;
    if k == 0 {
        // There is no r_0.
        return file.put(p, 0, &pr[1..]);
    }
    let r = order.elongation(k);
    file.put(p, r, pr)?;
    file.put(r, r, rr)?;
    file.put(r, p, rp)
}

/// Takes the rows of modes that [`put_row`] has written to the order of the sites; returned is the
/// diagonal. At most `held` entries are in memory, or one row. `monitor` hears how far that is.
pub(super) fn to_sites(
    modes: &Modes,
    file: &MatrixFile,
    held: usize,
    monitor: &Monitor,
) -> Result<Vec<f64>, NotFiled> {
    let (count, n) = (modes.count(), file.size());
    let tell = |share: f64| monitor.advance(Progress { share, ..Default::default() });
    // From the last rows up, because a row is completed by those above it as they were written.
    for (done, rows) in blocks(count, (held / (2 * n)).max(1)).into_iter().rev().enumerate() {
        tell(0.5 * (done * rows.len()) as f64 / count as f64)?;
        transform_rows(modes, file, rows)?;
    }
    let mut diagonal = Vec::with_capacity(n);
    for columns in blocks(n, (held / n).max(1)) {
        tell(0.5 + 0.5 * columns.start as f64 / n as f64)?;
        transform_columns(modes, file, columns, &mut diagonal)?;
    }
    Ok(diagonal)
}

/// 0..count in blocks of this length.
fn blocks(count: usize, length: usize) -> Vec<Range<usize>> {
    (0..count).step_by(length).map(|start| start..(start + length).min(count)).collect()
}

/// One row or column of coordinates, from modes to sites.
fn transform(modes: &Modes, values: &mut [f64]) {
    let (elongation, momentum) = values.split_at(modes.count() - 1);
    let padded = [&[0.0], elongation].concat();
    let sites = modes.to_coordinates([padded, momentum.to_vec()]);
    values.copy_from_slice(&sites);
}

/// Completes and transforms the rows r_k and p_k of a block of modes.
fn transform_rows(modes: &Modes, file: &MatrixFile, block: Range<usize>) -> io::Result<()> {
    let (order, n) = (Order::of(modes), file.size());
    let first = block.start.max(1);
    let places: Vec<usize> = (first..block.end)
        .map(|k| order.elongation(k))
        .chain(block.clone().map(|k| order.momentum(k)))
        .collect();
    let elongations = block.end - first;
    let mut rows = vec![0.0; places.len() * n];
    for (&place, row) in places.iter().zip(rows.chunks_mut(n)) {
        file.get(place, 0, row)?;
    }
    // The entries (k, k') with k' < k are the mirror images of what the row k' holds.
    let mut above = vec![0.0; places.len()];
    for k in 0..block.end {
        let from = (k + 1).max(first);
        let own = [(k > 0).then(|| order.elongation(k)), Some(order.momentum(k))];
        for place in own.into_iter().flatten() {
            let skipped = from - first;
            let (r, p) = (order.elongation(from), order.momentum(from));
            let (of_r, of_p) = above.split_at_mut(elongations);
            let (of_r, of_p) = (&mut of_r[skipped..], &mut of_p[from - block.start..]);
            if k < block.start {
                file.get(place, r, of_r)?;
                file.get(place, p, of_p)?;
            } else {
                let at = places.iter().position(|&known| known == place);
                let row = &rows[at.expect("the row is of this block") * n..][..n];
                of_r.copy_from_slice(&row[r..][..of_r.len()]);
                of_p.copy_from_slice(&row[p..][..of_p.len()]);
            }
            for (i, value) in of_r.iter().enumerate() {
                rows[(skipped + i) * n + place] = *value;
            }
            let start = elongations + from - block.start;
            for (i, value) in of_p.iter().enumerate() {
                rows[(start + i) * n + place] = *value;
            }
        }
    }
    rows.par_chunks_mut(n).for_each(|row| transform(modes, row));
    places.iter().zip(rows.chunks(n)).try_for_each(|(&place, row)| file.put(place, 0, row))
}

/// Transforms some columns, whose entries on the diagonal are added to it.
fn transform_columns(
    modes: &Modes,
    file: &MatrixFile,
    block: Range<usize>,
    diagonal: &mut Vec<f64>,
) -> io::Result<()> {
    let n = file.size();
    let mut columns = vec![0.0; block.len() * n];
    let mut piece = vec![0.0; block.len()];
    for row in 0..n {
        file.get(row, block.start, &mut piece)?;
        for (column, value) in piece.iter().enumerate() {
            columns[column * n + row] = *value;
        }
    }
    columns.par_chunks_mut(n).for_each(|column| transform(modes, column));
    diagonal.extend(block.clone().map(|place| columns[(place - block.start) * n + place]));
    for row in 0..n {
        for (column, value) in piece.iter_mut().enumerate() {
            *value = columns[column * n + row];
        }
        file.put(row, block.start, &piece)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chain;
    use ndarray::{Array2, ArrayView2};

    #[test]
    fn rows_of_modes_become_the_matrix_of_the_sites_whatever_is_held() {
        let chain = Chain::open(9).build().unwrap();
        let (modes, n) = (Modes::new(&chain), chain.coordinates());
        let entry = |(i, j): (usize, usize)| ((3 + i + j) as f64).sin() + ((i * j) as f64).cos();
        let matrix = Array2::from_shape_fn((n, n), entry);
        let state = packed::of_matrix(&modes, &matrix);
        let folder = tempfile::tempdir().unwrap();
        for held in [1, 2 * n, 7 * n, n * n] {
            let file = MatrixFile::create(&folder.path().join("matrix.npy"), n, "").unwrap();
            for k in 0..modes.count() {
                let row =
                    packed::row_start(modes.count(), k)..packed::row_start(modes.count(), k + 1);
                put_row(&file, Order::of(&modes), k, &state[row]).unwrap();
            }
            let diagonal = to_sites(&modes, &file, held, &Monitor::default()).unwrap();
            let mut found = vec![0.0; n * n];
            found.chunks_mut(n).enumerate().for_each(|(i, row)| file.get(i, 0, row).unwrap());
            let found = ArrayView2::from_shape((n, n), &found).unwrap();
            assert!((&found - &matrix).iter().all(|d| d.abs() < 1e-14), "{held}");
            assert_eq!(diagonal, found.diag().to_vec());
        }
    }
}
