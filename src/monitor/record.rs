//! The format in which finished parts of a computation are kept: values as bytes, bit for bit,
//! numbers little-endian in 8 bytes, lengths before lists.

use ndarray::Array2;
use std::io::{Error, ErrorKind, Read, Result, Write};

/// A value that can be written and read back to the same bits.
pub trait Record: Sized {
    /// Writes it.
    fn put(&self, to: &mut dyn Write) -> Result<()>;
    /// Reads it; an error if the bytes hold no such value.
    fn take(from: &mut dyn Read) -> Result<Self>;
}

/// Implements [`Record`] for a struct, field by field.
macro_rules! record {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::monitor::Record for $name {
            fn put(&self, to: &mut dyn std::io::Write) -> std::io::Result<()> {
                $($crate::monitor::Record::put(&self.$field, to)?;)*
                Ok(())
            }
            fn take(from: &mut dyn std::io::Read) -> std::io::Result<Self> {
                // Fields are read in the order in which they are written here.
                Ok($name { $($field: $crate::monitor::Record::take(from)?),* })
            }
        }
    };
}
pub(crate) use record;

pub(crate) fn refused() -> Error {
    Error::from(ErrorKind::InvalidData)
}

impl Record for u64 {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        to.write_all(&self.to_le_bytes())
    }
    fn take(from: &mut dyn Read) -> Result<u64> {
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

impl Record for f64 {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        self.to_bits().put(to)
    }
    fn take(from: &mut dyn Read) -> Result<f64> {
        u64::take(from).map(f64::from_bits)
    }
}

impl Record for usize {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        (*self as u64).put(to)
    }
    fn take(from: &mut dyn Read) -> Result<usize> {
        usize::try_from(u64::take(from)?).map_err(|_| refused())
    }
}

impl Record for String {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        self.len().put(to)?;
        to.write_all(self.as_bytes())
    }
    fn take(from: &mut dyn Read) -> Result<String> {
        let length = u64::take(from)?;
        let mut text = String::new();
        if from.take(length).read_to_string(&mut text)? as u64 == length {
            Ok(text)
        } else {
            Err(refused())
        }
    }
}

impl<T: Record> Record for Option<T> {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        usize::from(self.is_some()).put(to)?;
        self.as_ref().map_or(Ok(()), |value| value.put(to))
    }
    fn take(from: &mut dyn Read) -> Result<Option<T>> {
        match usize::take(from)? {
            0 => Ok(None),
            1 => T::take(from).map(Some),
            _ => Err(refused()),
        }
    }
}

impl<T: Record> Record for Vec<T> {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        self.len().put(to)?;
        self.iter().try_for_each(|value| value.put(to))
    }
    fn take(from: &mut dyn Read) -> Result<Vec<T>> {
        // Grows as values come: a wrong length meets the end of the file, not the end of the
        // memory.
        (0..usize::take(from)?).map(|_| T::take(from)).collect::<Result<Vec<T>>>()
    }
}

impl<A: Record, B: Record> Record for (A, B) {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        self.0.put(to)?;
        self.1.put(to)
    }
    fn take(from: &mut dyn Read) -> Result<(A, B)> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl<T: Record, const N: usize> Record for [T; N] {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        self.iter().try_for_each(|value| value.put(to))
    }
    fn take(from: &mut dyn Read) -> Result<[T; N]> {
        let values = (0..N).map(|_| T::take(from)).collect::<Result<Vec<T>>>()?;
        values.try_into().map_err(|_| refused())
    }
}

impl Record for Array2<f64> {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        self.nrows().put(to)?;
        self.ncols().put(to)?;
        self.iter().try_for_each(|value| value.put(to))
    }
    fn take(from: &mut dyn Read) -> Result<Array2<f64>> {
        let (rows, columns) = <(usize, usize)>::take(from)?;
        let count = rows.checked_mul(columns).ok_or_else(refused)?;
        let values = (0..count).map(|_| f64::take(from)).collect::<Result<Vec<f64>>>()?;
        Array2::from_shape_vec((rows, columns), values).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        number: f64,
        list: Vec<Option<[f64; 2]>>,
        matrix: Array2<f64>,
        name: String,
    }
    record!(Sample { number, list, matrix, name });

    #[test]
    fn what_is_written_is_read_back_to_the_same_bits_and_what_is_cut_short_is_refused() {
        let matrix = Array2::from_shape_fn((2, 3), |(i, j)| (i as f64).exp() / (j as f64 + 0.1));
        let list = vec![None, Some([-0.0, f64::INFINITY])];
        let sample = Sample { number: 0.1 + 0.2, list, matrix, name: "größe".into() };
        let mut bytes = Vec::new();
        sample.put(&mut bytes).unwrap();
        let read = Sample::take(&mut &bytes[..]).unwrap();
        assert_eq!(read, sample);
        assert!(read.list[1].is_some_and(|pair| pair[0].is_sign_negative()));
        for length in 0..bytes.len() {
            assert!(Sample::take(&mut &bytes[..length]).is_err(), "{length} bytes");
        }
    }
}
