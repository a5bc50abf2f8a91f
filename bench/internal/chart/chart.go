// Package chart gives all plots one look: SVG without a background, readable on white and on black.
package chart

import (
	"bytes"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Edge is the room around the plots of a file.
const Edge = 4 * vg.Inch / 72

// ink is readable on white and on black, with a contrast of 4.5 and 4.6.
var ink = color.Gray{Y: 0x75}

// Shades returns the colours of what is compared, in turn.
func Shades() []color.Color {
	return []color.Color{
		color.RGBA{0x33, 0x77, 0xbb, 0xff}, color.RGBA{0x22, 0xa8, 0xc8, 0xff}, color.RGBA{0x00, 0x99, 0x77, 0xff}, color.RGBA{0x88, 0xaa, 0x22, 0xff},
		color.RGBA{0xee, 0x88, 0x22, 0xff}, color.RGBA{0xcc, 0x33, 0x22, 0xff}, color.RGBA{0xdd, 0x44, 0x99, 0xff}, color.RGBA{0x88, 0x55, 0xbb, 0xff},
	}
}

// New returns a plot with a title, axes and horizontal lines.
func New(title string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil // shows the background of the page
	p.Title.Text = title
	styles := []*text.Style{&p.Title.TextStyle, &p.Legend.TextStyle}
	p.Legend.Top = true
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color = ink, ink
		styles = append(styles, &a.Label.TextStyle, &a.Tick.Label)
	}
	for _, s := range styles {
		s.Color, s.Font.Variant = ink, "Sans"
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color = color.Gray{Y: 0x99}
	grid.Horizontal.Width = vg.Points(0.3)
	p.Add(grid)
	return p
}

// families are fonts with the metrics of the font that lays out the plots, which few browsers have.
const families = "Liberation Sans,Arial,Helvetica,sans-serif"

// Save writes what paint draws to a file, as SVG of that size.
func Save(name string, width, height vg.Length, paint func(draw.Canvas)) error {
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
	paint(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return err
	}
	return os.WriteFile(name, bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:"+families)), 0o666)
}
