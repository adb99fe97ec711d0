//! Numerical tools for all floors: complex vectors, lanes of numbers for vector instructions,
//! GMRES, quadrature, numbers of 32 digits and matrices of them.

pub(crate) mod double_double;
pub(crate) mod gmres;
pub(crate) mod lanes;
pub(crate) mod legendre;
pub(crate) mod matrix_file;
pub(crate) mod npy;
pub(crate) mod registers;
pub(crate) mod toeplitz_hankel;
pub(crate) mod triangle;
pub(crate) mod vector;
pub(crate) mod wide;
pub(crate) mod wide_exponential;
pub(crate) mod wide_matrix;
