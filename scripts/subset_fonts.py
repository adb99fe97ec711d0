#!/usr/bin/env python3
"""Makes the two small fonts of src/figures/fonts from DejaVu Sans Condensed and its oblique.

usage: subset_fonts.py FOLDER_WITH_DEJAVU src/figures/fonts

Needs fonttools. Keeps the letters and signs that a label may have. Changes two things for the
drawing library (plotters 0.3). It sets letters without their left bearing, so an empty contour at
x = 0 puts the bearing into the outline. And it takes a font's height for 1.24 em, so the font says
so.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.filterPen import DecomposingFilterPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

KEPT = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "\u00a0±·×²³°½é–—…′″‖ℓ←→↔∂∇∈∏∑−√∝∞∫∼≈≠≡≤≥⟨⟩₀₁₂₃₄₅₆₇₈₉₊₋⁺⁻"
    + "".join(map(chr, range(0x391, 0x3CA))).replace("\u03a2", "")
)


def main(source: Path, target: Path) -> None:
    for name in ["DejaVuSansCondensed", "DejaVuSansCondensed-Oblique"]:
        font = TTFont(source / f"{name}.ttf", recalcTimestamp=False)
        options = subset.Options()
        options.hinting = False
        options.layout_features = []
        options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
        cut = subset.Subsetter(options)
        cut.populate(text=KEPT)
        cut.subset(font)
        glyphs, outlines, changed = font["glyf"], font.getGlyphSet(), {}
        for glyph_name in font.getGlyphOrder():
            glyph = glyphs[glyph_name]
            if glyph.numberOfContours == 0 or glyph.xMin <= 0:
                continue
            pen = TTGlyphPen(None)
            outlines[glyph_name].draw(DecomposingFilterPen(pen, outlines))
            pen.moveTo((0, 0))
            pen.lineTo((0, 1))
            pen.lineTo((0, 0))
            pen.closePath()
            changed[glyph_name] = pen.glyph()
        for glyph_name, glyph in changed.items():
            glyphs[glyph_name] = glyph
            font["hmtx"][glyph_name] = (font["hmtx"][glyph_name][0], 0)
        em = font["head"].unitsPerEm
        ascender, descender = round(0.98 * em), round(0.98 * em) - round(1.24 * em)
        font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = ascender, descender, 0
        font["OS/2"].sTypoAscender, font["OS/2"].sTypoDescender, font["OS/2"].sTypoLineGap = (
            ascender,
            descender,
            0,
        )
        font.save(target / f"{name}.ttf")
        print(name, (target / f"{name}.ttf").stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
