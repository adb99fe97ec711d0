//! The header of a NumPy file .npy, and a remark in it: NumPy takes no other keys than its own, but
//! reads the header as Python, where what follows a # is a comment.

use std::io::{self, Cursor, Read};

/// Magic, version 1.0, the length of the header.
const BEGIN: &[u8] = b"\x93NUMPY\x01\x00";

/// The bytes before the numbers: magic, version 1.0, length, and a header that ends on a multiple
/// of 64 bytes. `shape` is a Python tuple; the remark, if any, begins with #.
pub(crate) fn header(descr: &str, shape: &str, remark: &str) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = if remark.is_empty() { header } else { format!("{header} {remark}") };
    // Magic, version and length take 10 bytes, the line feed one.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = BEGIN.to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{header:<0$}\n", length - 1).into_bytes());
    bytes
}

/// The file with spaces in place of a remark, which not every reader knows.
pub(crate) fn without_remark(mut file: impl Read) -> io::Result<impl Read> {
    let mut head = Vec::new();
    let begins = BEGIN.len() + 2;
    file.by_ref().take(begins as u64).read_to_end(&mut head)?;
    if head.len() == begins && head.starts_with(BEGIN) {
        let length = u16::from_le_bytes([head[begins - 2], head[begins - 1]]);
        file.by_ref().take(length.into()).read_to_end(&mut head)?;
        let remark = head[begins..].iter().position(|&byte| byte == b'#');
        let rest = remark.map_or(&mut [][..], |at| &mut head[begins + at..]);
        rest.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    Ok(Cursor::new(head).chain(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;
    use ndarray_npy::ReadNpyExt;

    #[test]
    fn a_remark_changes_nothing_that_is_read() {
        for remark in ["", "# format_version 2"] {
            let mut bytes = header("<f8", "(2,)", remark);
            assert_eq!(bytes.len() % 64, 0);
            assert!(String::from_utf8_lossy(&bytes).contains(remark));
            [1.5f64, -2.0].iter().for_each(|x| bytes.extend(x.to_le_bytes()));
            let read = Array1::<f64>::read_npy(without_remark(&bytes[..]).unwrap()).unwrap();
            assert_eq!(read.to_vec(), [1.5, -2.0]);
        }
        // Any other file is handed on as it is.
        let mut read = Vec::new();
        without_remark(&b"no # file"[..]).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, b"no # file");
    }
}
