package buffers

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// figure is a plot of bars in groups, one group per workload.
type figure struct {
	file, title string
	value       func(r Row, all []Row) float64
	ticks       plot.Ticker
	least       float64 // minimum of the scale, so that it does not consist of noise
}

func figures() []figure {
	return []figure{
		{"copies.svg", "bytes copied per byte moved", func(r Row, _ []Row) float64 { return r.Copied }, plot.DefaultTicks{}, 1},
		{"resident.svg", "memory per connection, mean", func(r Row, _ []Row) float64 { return math.Log2(max(1, r.ResidentMean)) }, sizeTicks{}, 10},
		{"throughput.svg", "messages per second, as a share of the best at that workload", share, plot.DefaultTicks{}, 1},
	}
}

func share(r Row, all []Row) float64 {
	most := 0.0
	for _, o := range all {
		if o.Workload == r.Workload {
			most = max(most, o.MessageRate)
		}
	}
	if most == 0 {
		return 0
	}
	return r.MessageRate / most
}

// sizeTicks labels the logarithms of sizes.
type sizeTicks struct{}

// Ticks returns a tick for every fourth power of two, with a label.
func (sizeTicks) Ticks(_, most float64) []plot.Tick {
	var ticks []plot.Tick
	for e := 0.0; e <= most; e += 4 {
		ticks = append(ticks, plot.Tick{Value: e, Label: memory.Format(math.Exp2(e))})
	}
	return ticks
}

// ink is readable on white and on black, with a contrast of 4.5 and 4.6.
var ink = color.Gray{Y: 0x75}

// shades are the colours of the subjects, in turn. The strategies are coloured and the others grey.
var (
	shades = []color.Color{
		color.RGBA{0x33, 0x77, 0xbb, 0xff}, color.RGBA{0x22, 0xa8, 0xc8, 0xff}, color.RGBA{0x00, 0x99, 0x77, 0xff}, color.RGBA{0x88, 0xaa, 0x22, 0xff},
		color.RGBA{0xee, 0x88, 0x22, 0xff}, color.RGBA{0xcc, 0x33, 0x22, 0xff}, color.RGBA{0xdd, 0x44, 0x99, 0xff}, color.RGBA{0x88, 0x55, 0xbb, 0xff},
	}
	greys = []color.Color{color.Gray{0x58}, color.Gray{0x70}, color.Gray{0x88}, color.Gray{0xa0}, color.Gray{0xb8}}
)

// Plot writes the plots of rows into dir, as SVG without a background.
func Plot(dir string, rows []Row) error {
	if len(rows) == 0 {
		return errors.New("nothing to plot")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, f := range figures() {
		if err := f.write(filepath.Join(dir, f.file), rows); err != nil {
			return fmt.Errorf("%s: %w", f.file, err)
		}
	}
	return nil
}

// Sizes of a plot.
const (
	plotWidth   = 11 * vg.Inch
	plotHeight  = 3.6 * vg.Inch
	barsWidth   = 8.6 * vg.Inch // width of all groups
	legendWidth = 1.5 * vg.Inch
	edge        = 4 * vg.Inch / 72
)

func (f figure) write(name string, rows []Row) error {
	p := f.frame()
	names, subjects := present(rows)
	width := barsWidth / vg.Length(len(names)*(len(subjects)+2))
	ours, peers := 0, 0
	for i, s := range subjects {
		values := make(plotter.Values, len(names))
		peer := false
		for k, name := range names {
			if j := slices.IndexFunc(rows, func(r Row) bool { return r.Workload == name && r.Subject == s }); j >= 0 {
				values[k] = f.value(rows[j], rows)
				peer = rows[j].Peer
			}
		}
		bars, err := plotter.NewBarChart(values, width)
		if err != nil {
			return err
		}
		bars.LineStyle.Width = 0
		bars.Offset = width * vg.Length(float64(i)-float64(len(subjects)-1)/2)
		if peer {
			bars.Color = greys[peers%len(greys)]
			peers++
		} else {
			bars.Color = shades[ours%len(shades)]
			ours++
		}
		p.Add(bars)
		p.Legend.Add(s, bars)
	}
	p.NominalX(names...)
	p.X.Tick.LineStyle.Width = 0
	p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
	p.Y.Min, p.Y.Max = 0, max(p.Y.Max, f.least)
	return save(p, name)
}

// frame returns a plot without bars.
func (f figure) frame() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil // shows the background of the page
	p.Title.Text = f.title
	styles := []*text.Style{&p.Title.TextStyle, &p.Legend.TextStyle}
	p.Legend.Top = true
	p.Legend.XOffs = legendWidth
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color = ink, ink
		styles = append(styles, &a.Label.TextStyle, &a.Tick.Label)
	}
	for _, s := range styles {
		s.Color, s.Font.Variant = ink, "Sans"
	}
	p.Y.Tick.Marker = f.ticks
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color = color.Gray{Y: 0x99}
	grid.Horizontal.Width = vg.Points(0.3)
	p.Add(grid)
	return p
}

// families are fonts with the metrics of the font that lays out the plots, which few browsers have.
const families = "Liberation Sans,Arial,Helvetica,sans-serif"

// save leaves room for the legend on the right.
func save(p *plot.Plot, name string) error {
	canvas := vgsvg.NewWith(vgsvg.UseWH(plotWidth, plotHeight))
	p.Draw(draw.Crop(draw.New(canvas), edge, -legendWidth-edge, edge, -edge))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return err
	}
	return os.WriteFile(name, bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:"+families)), 0o666)
}
