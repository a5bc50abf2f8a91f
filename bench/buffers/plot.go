package buffers

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/edgewise-go/edgewise/bench/internal/chart"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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

// greys are the colours of other packages' buffers, in turn. The strategies are coloured.
var greys = []color.Color{color.Gray{0x58}, color.Gray{0x70}, color.Gray{0x88}, color.Gray{0xa0}, color.Gray{0xb8}}

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
)

func (f figure) write(name string, rows []Row) error {
	p := chart.New(f.title)
	p.Legend.XOffs = legendWidth
	p.Y.Tick.Marker = f.ticks
	shades := chart.Shades()
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
	return chart.Save(name, plotWidth, plotHeight, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, chart.Edge, -legendWidth-chart.Edge, chart.Edge, -chart.Edge))
	})
}
