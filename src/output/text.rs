//! Texts as arrays of NumPy, which ndarray-npy does not write: the type `<U` of fixed width.

use crate::numerics::npy;
use ndarray_npy::{WriteNpyError, WriteNpyExt};
use std::io::Write;

/// One text (shape ()) or a list of them (shape (n,)).
pub(crate) struct Text {
    texts: Vec<String>,
    is_list: bool,
}

impl Text {
    /// One text.
    pub fn scalar(text: String) -> Text {
        Text { texts: vec![text], is_list: false }
    }

    /// A list.
    pub fn list(texts: Vec<String>) -> Text {
        Text { texts, is_list: true }
    }
}

impl WriteNpyExt for Text {
    /// The npy format: a header, and every text as UTF-32 filled up with zeros.
    fn write_npy<W: Write>(&self, mut writer: W) -> Result<(), WriteNpyError> {
        let width = self.texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
        let shape = if self.is_list { format!("({},)", self.texts.len()) } else { "()".into() };
        let mut bytes = npy::header(&format!("<U{width}"), &shape, "");
        for text in &self.texts {
            let end = bytes.len() + 4 * width;
            bytes.extend(text.chars().flat_map(|c| u32::from(c).to_le_bytes()));
            bytes.resize(end, 0);
        }
        writer.write_all(&bytes).and_then(|()| writer.flush()).map_err(WriteNpyError::Io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_bytes_that_numpy_writes() {
        let mut bytes = Vec::new();
        Text::list(vec!["r_1".into(), "é".into()]).write_npy(&mut bytes).unwrap();
        // numpy.lib.format.write_array(f, numpy.array(["r_1", "é"]))
        let header = "{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }";
        assert_eq!(bytes[..10], *b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(bytes[10..128], *format!("{header:<117}\n").as_bytes());
        assert_eq!(bytes[128..], *b"r\0\0\0_\0\0\0\x31\0\0\0\xe9\0\0\0\0\0\0\0\0\0\0\0");
        let mut bytes = Vec::new();
        Text::scalar("{}".into()).write_npy(&mut bytes).unwrap();
        assert!(
            bytes[10..].starts_with(b"{'descr': '<U2', 'fortran_order': False, 'shape': (), }")
        );
        assert_eq!(bytes.len(), 128 + 8);
    }
}
