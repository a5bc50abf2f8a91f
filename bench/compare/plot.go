package compare

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/edgewise-go/edgewise/bench/internal/chart"
)

// Sizes of the plot.
const (
	plotWidth   = 11 * vg.Inch
	plotHeight  = 4 * vg.Inch
	barsWidth   = 7.4 * vg.Inch // width of all groups
	legendWidth = 2.7 * vg.Inch
)

// plot writes a plot of bars as SVG: a group per work with processor time, and a bar per server.
// This workspace is coloured, and the peers are grey.
func (r *Result) plot(name string) error {
	var works []Work
	var labels []string
	for _, w := range r.Works {
		if w.Kind != idleKind {
			works, labels = append(works, w), append(labels, w.Word)
		}
	}
	if len(works) == 0 {
		return errors.New("nothing to plot: want a load besides idle")
	}
	p := chart.New(fmt.Sprintf("processor time per message of %s / that of each server in the same round; higher is better", r.Servers[0].brief()))
	p.Legend.XOffs = legendWidth
	width := barsWidth / vg.Length(len(works)*(len(r.Servers)+2))
	shades, ours, peers, theirs := chart.Shades(), 0, 0, 0
	for _, s := range r.Servers {
		if !s.Ours {
			theirs++
		}
	}
	for i, s := range r.Servers {
		values := make(plotter.Values, len(works))
		for k, w := range works {
			// A server that did not do the work has no bar.
			if v := r.cell(w.Word, s.Word).ratio; !math.IsNaN(v) {
				values[k] = v
			}
		}
		bars, err := plotter.NewBarChart(values, width)
		if err != nil {
			return err
		}
		bars.LineStyle.Width = 0
		bars.Offset = width * vg.Length(float64(i)-float64(len(r.Servers)-1)/2)
		if s.Ours {
			// Shades that differ most come first.
			bars.Color = shades[[]int{0, 4, 2, 6}[ours%4]]
			ours++
		} else {
			bars.Color = grey(peers, theirs)
			peers++
		}
		p.Add(bars)
		p.Legend.Add(strings.ReplaceAll(s.heading(), "<br>", " "), bars)
	}
	p.NominalX(labels...)
	p.X.Tick.LineStyle.Width = 0
	p.X.Min, p.X.Max = -0.5, float64(len(works))-0.5
	p.Y.Min, p.Y.Max = 0, max(p.Y.Max, 1)
	return chart.Save(name, plotWidth, plotHeight, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, chart.Edge, -legendWidth-chart.Edge, chart.Edge, -chart.Edge))
	})
}

// Bounds of the greys of peers, which are visible on white and on black.
const (
	darkest  = 0x50
	lightest = 0xc0
)

// grey returns the grey of the peer with that number.
func grey(number, of int) color.Color {
	return color.Gray{Y: uint8(darkest + (lightest-darkest)*number/max(1, of-1))}
}
