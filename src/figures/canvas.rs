//! The drawing of a PNG: several pixels for one of the picture, each way, whose mean smooths edges.
//! It is held in tiles, which exist once something is drawn on them: most of a figure is paper.

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind, rasterizer,
};
use rayon::prelude::*;
use std::convert::Infallible;
use std::ops::Range;

/// Pixels of the drawing for one of the picture, each way.
pub(super) const FINE: usize = 3;
/// Pixels of the picture in a tile, each way.
const COARSE: usize = 16;
/// Pixels of the drawing in a tile, each way.
const SIDE: usize = FINE * COARSE;

/// Red, green, blue.
type Colour = [u8; 3];

type Tile = [[Colour; SIDE]; SIDE];

pub(super) struct Canvas {
    /// Pixels of the drawing.
    size: (u32, u32),
    paper: Colour,
    /// Tiles of a row.
    columns: usize,
    tiles: Vec<Option<Box<Tile>>>,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Canvas {
    /// Empty paper.
    pub fn new(size: (u32, u32), (r, g, b): (u8, u8, u8)) -> Canvas {
        let [columns, rows] = [size.0, size.1].map(|pixels| (pixels as usize).div_ceil(SIDE));
        Canvas { size, paper: [r, g, b], columns, tiles: vec![None; columns * rows] }
    }

    /// Paints the pixels `x` of row `y`, as far as there are any.
    fn paint(&mut self, x: Range<i32>, y: i32, colour: BackendColor) {
        let inside = |x: i32| x.clamp(0, self.size.0 as i32) as usize;
        let (mut from, to) = (inside(x.start), inside(x.end));
        if y < 0 || y >= self.size.1 as i32 || colour.alpha <= 0.0 {
            return;
        }
        let (row, y) = (y as usize / SIDE * self.columns, y as usize % SIDE);
        let (r, g, b) = colour.rgb;
        let paper = self.paper;
        while from < to {
            let until = to.min((from / SIDE + 1) * SIDE);
            let tile = self.tiles[row + from / SIDE]
                .get_or_insert_with(|| Box::new([[paper; SIDE]; SIDE]));
            let first = from % SIDE;
            for pixel in &mut tile[y][first..first + until - from] {
                *pixel = match colour.alpha {
                    1.0.. => [r, g, b],
                    alpha => blended(*pixel, [r, g, b], alpha),
                };
            }
            from = until;
        }
    }

    /// The picture: the means of squares of [`FINE`] · [`FINE`] pixels, three bytes each, row by
    /// row.
    pub fn picture(&self) -> Vec<u8> {
        let [width, height] = [self.size.0, self.size.1].map(|pixels| pixels as usize / FINE);
        let mut picture = vec![0; 3 * width * height];
        let rows = picture.par_chunks_mut(3 * width * COARSE);
        rows.zip(self.tiles.par_chunks(self.columns)).for_each(|(rows, tiles)| {
            for (y, row) in rows.chunks_exact_mut(3 * width).enumerate() {
                let pixels = row.chunks_mut(3 * COARSE);
                for (pixels, tile) in pixels.zip(tiles) {
                    for (x, pixel) in pixels.chunks_exact_mut(3).enumerate() {
                        let colour = tile.as_ref().map_or(self.paper, |tile| mean(tile, x, y));
                        pixel.copy_from_slice(&colour);
                    }
                }
            }
        });
        picture
    }
}

fn blended(below: Colour, above: Colour, alpha: f64) -> Colour {
    let mixed = |(below, above): (u8, u8)| {
        (f64::from(below) + alpha * (f64::from(above) - f64::from(below))).round() as u8
    };
    std::array::from_fn(|channel| mixed((below[channel], above[channel])))
}

/// The colour of the pixel (x, y) of the picture in a tile.
fn mean(tile: &Tile, x: usize, y: usize) -> Colour {
    const COUNT: u16 = (FINE * FINE) as u16;
    let mut sums = [COUNT / 2; 3];
    for row in &tile[FINE * y..FINE * (y + 1)] {
        for pixel in &row[FINE * x..FINE * (x + 1)] {
            sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u16::from(value));
        }
    }
    sums.map(|sum| (sum / COUNT) as u8)
}

impl DrawingBackend for &mut Canvas {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.paint(x..x.saturating_add(1), y, colour);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        if from.1 != to.1 || style.stroke_width() != 1 {
            return rasterizer::draw_line(self, from, to, style);
        }
        self.paint(from.0.min(to.0)..from.0.max(to.0) + 1, from.1, style.color());
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if !fill {
            return rasterizer::draw_rect(self, upper_left, bottom_right, style, fill);
        }
        let last = bottom_right.1.min(self.size.1 as i32 - 1);
        for y in upper_left.1.max(0)..=last {
            self.paint(upper_left.0..bottom_right.0.saturating_add(1), y, style.color());
        }
        Ok(())
    }

    /// Three bytes a pixel.
    fn blit_bitmap(
        &mut self,
        (left, top): BackendCoord,
        (width, _): (u32, u32),
        source: &[u8],
    ) -> Drawn {
        let rows = source.chunks_exact(3 * width as usize);
        for (row, y) in rows.zip(top..) {
            let mut x = left;
            for run in row.as_chunks::<3>().0.chunk_by(|a, b| a == b) {
                let end = x.saturating_add(run.len() as i32);
                let rgb = (run[0][0], run[0][1], run[0][2]);
                self.paint(x..end, y, BackendColor { alpha: 1.0, rgb });
                x = end;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_the_picture_are_means_of_the_drawing_and_paper_elsewhere() {
        let (width, height) = (FINE * (COARSE + 3), FINE * (COARSE + 1));
        let mut canvas = Canvas::new((width as u32, height as u32), (255, 255, 254));
        let black = BackendColor { alpha: 1.0, rgb: (0, 0, 0) };
        // Across the border of two tiles, and beyond the paper.
        let y = FINE as i32 * COARSE as i32;
        canvas.paint(SIDE as i32 - 1..SIDE as i32 + 3, y, black);
        canvas.paint(-5..i32::MAX, -1, black);
        canvas.paint(-5..i32::MAX, height as i32, black);
        // Half transparent.
        canvas.paint(-5..1, 0, BackendColor { alpha: 0.5, rgb: (5, 55, 54) });
        let picture = canvas.picture();
        let pixel = |x: usize, y: usize| {
            let at = 3 * (y * (COARSE + 3) + x);
            [picture[at], picture[at + 1], picture[at + 2]]
        };
        // Of nine pixels one or three are black, or one is the mean of white and the colour.
        assert_eq!(pixel(COARSE - 1, COARSE), [227, 227, 226]);
        assert_eq!(pixel(COARSE, COARSE), [170, 170, 169]);
        assert_eq!(pixel(0, 0), [241, 244, 243]);
        let others = (0..COARSE + 1).flat_map(|y| (0..COARSE + 3).map(move |x| (x, y)));
        let drawn = [(COARSE - 1, COARSE), (COARSE, COARSE), (0, 0)];
        for (x, y) in others.filter(|place| !drawn.contains(place)) {
            assert_eq!(pixel(x, y), [255, 255, 254], "{x} {y}");
        }
    }
}
