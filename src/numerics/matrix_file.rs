//! A square matrix on disk in NumPy's format, written and read in pieces of rows: for matrices that
//! do not fit the memory.

use super::npy;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The bytes of one entry.
const ENTRY: usize = size_of::<f64>();

/// An open file that holds a matrix in double precision, row after row.
pub(crate) struct MatrixFile {
    file: Mutex<File>,
    /// The offset of the first entry, in bytes.
    start: u64,
    size: usize,
}

impl MatrixFile {
    /// Makes the file, with zeros in it and a remark in its header ([`npy::header`]).
    pub fn create(path: &Path, size: usize, remark: &str) -> io::Result<MatrixFile> {
        let mut file = File::options().write(true).create(true).truncate(true).open(path)?;
        let header = npy::header("<f8", &format!("({size}, {size})"), remark);
        file.write_all(&header)?;
        file.set_len((header.len() + size * size * ENTRY) as u64)?;
        MatrixFile::open(path, size)
    }

    /// Opens what [`MatrixFile::create`] has made.
    pub fn open(path: &Path, size: usize) -> io::Result<MatrixFile> {
        let file = File::options().read(true).write(true).open(path)?;
        let entries = (size * size * ENTRY) as u64;
        let start = file.metadata()?.len().checked_sub(entries);
        let start = start.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(MatrixFile { file: Mutex::new(file), start, size })
    }

    /// Writes the matrix to a file of its own in single precision.
    pub fn in_single_precision(&self, path: &Path, remark: &str) -> io::Result<()> {
        let mut file = File::options().write(true).create(true).truncate(true).open(path)?;
        file.write_all(&npy::header("<f4", &format!("({0}, {0})", self.size), remark))?;
        let mut row = vec![0.0; self.size];
        for i in 0..self.size {
            self.get(i, 0, &mut row)?;
            let bytes: Vec<u8> = row.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect();
            file.write_all(&bytes)?;
        }
        file.sync_all()
    }

    /// The number of rows.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes entries of one row, from a column on.
    pub fn put(&self, row: usize, column: usize, values: &[f64]) -> io::Result<()> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.at(row, column, values.len(), |file| file.write_all(&bytes))
    }

    /// Reads entries of one row, from a column on.
    pub fn get(&self, row: usize, column: usize, values: &mut [f64]) -> io::Result<()> {
        let mut bytes = vec![0; ENTRY * values.len()];
        self.at(row, column, values.len(), |file| file.read_exact(&mut bytes))?;
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<ENTRY>().0) {
            *value = f64::from_le_bytes(*bytes);
        }
        Ok(())
    }

    fn at(
        &self,
        row: usize,
        column: usize,
        count: usize,
        act: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        assert!(row < self.size && column + count <= self.size, "the entries are of the matrix");
        let place = self.start + ((row * self.size + column) * ENTRY) as u64;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(place))?;
        act(&mut file)
    }

    /// Waits until the disk has all of it.
    pub fn sync(&self) -> io::Result<()> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use ndarray_npy::ReadNpyExt;

    #[test]
    fn pieces_of_rows_are_read_back_and_numpys_format_holds_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("matrix.npy");
        let matrix = MatrixFile::create(&path, 5, "").unwrap();
        matrix.put(4, 3, &[1.5, -2.0]).unwrap();
        matrix.put(0, 0, &[7.0]).unwrap();
        let mut row = [f64::NAN; 3];
        matrix.get(4, 2, &mut row).unwrap();
        assert_eq!(row, [0.0, 1.5, -2.0]);
        matrix.sync().unwrap();
        let whole = Array2::<f64>::read_npy(File::open(&path).unwrap()).unwrap();
        assert_eq!(
            (whole.dim(), whole[[4, 4]], whole[[0, 0]], whole.sum()),
            ((5, 5), -2.0, 7.0, 6.5)
        );
    }
}
