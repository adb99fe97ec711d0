use super::style::Theme;
use super::{Figure, FigureError};
pub(super) fn pdf(_: &Figure, _: &Theme) -> Result<Vec<u8>, FigureError> { todo!() }
