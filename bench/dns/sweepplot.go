package dns

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/edgewise-go/edgewise/bench/internal/chart"
)

// The loads that the plot holds constant, or the nearest that were measured.
const (
	plotUsers = 256
	plotDelay = 10 * time.Millisecond
)

// Sizes of the plot.
const (
	plotWidth   = 11 * vg.Inch
	plotHeight  = 3.6 * vg.Inch
	legendWidth = 1.1 * vg.Inch
)

// plotSweep writes one figure of two plots: the rates without a cache, by the time that the server
// takes, and the rates with a slow server, by the share that the cache answers.
func plotSweep(name string, rows []row) error {
	if len(rows) == 0 {
		return errors.New("nothing to plot")
	}
	users := nearest(rows, plotUsers, func(r row) int { return r.Users })
	hits := nearest(rows, 0, func(r row) int { return r.Hits })
	delay := nearest(rows, plotDelay, func(r row) time.Duration { return r.Delay })
	byDelay, err := panel(fmt.Sprintf("lookups per second, %d%% cache hits, %d at once", hits, users), "time that the server takes", rows,
		func(r row) bool { return r.Users == users && r.Hits == hits }, func(r row) string { return r.Delay.String() })
	if err != nil {
		return err
	}
	byHits, err := panel(fmt.Sprintf("lookups per second, server takes %v, %d at once", delay, users), "cache hits", rows,
		func(r row) bool { return r.Users == users && (r.Delay == delay || r.Hits == 100) }, func(r row) string { return strconv.Itoa(r.Hits) + "%" })
	if err != nil {
		return err
	}
	byDelay.Legend = plot.NewLegend() // the other plot has the same
	byHits.Legend.XOffs = legendWidth
	panels := []*plot.Plot{byDelay, byHits}
	low, high := min(byDelay.Y.Min, byHits.Y.Min), max(byDelay.Y.Max, byHits.Y.Max)
	for _, p := range panels {
		p.Y.Min, p.Y.Max = low, high
	}
	return chart.Save(name, plotWidth, plotHeight, func(c draw.Canvas) {
		c = draw.Crop(c, chart.Edge, -legendWidth-chart.Edge, chart.Edge, -chart.Edge)
		tiles := plot.Align([][]*plot.Plot{panels}, draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Inch / 3}, c)
		for i, p := range panels {
			p.Draw(tiles[0][i])
		}
	})
}

// nearest returns the value among those of rows that is nearest to want.
func nearest[V int | time.Duration](rows []row, want V, of func(row) V) V {
	best := of(rows[0])
	for _, r := range rows {
		if v := of(r); max(v-want, want-v) < max(best-want, want-best) {
			best = v
		}
	}
	return best
}

// panel plots a line per strategy over the labels of the rows that are selected.
func panel(title, axis string, rows []row, selects func(row) bool, label func(row) string) (*plot.Plot, error) {
	p := chart.New(title)
	var labels, names []string
	for _, r := range rows {
		if !selects(r) {
			continue
		}
		if l := label(r); !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
		if !slices.Contains(names, r.Strategy) {
			names = append(names, r.Strategy)
		}
	}
	picked := []int{0, 2, 4, 6, 7, 1, 3, 5} // shades that differ most come first
	shades, shapes := chart.Shades(), []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}}
	for i, name := range names {
		var points plotter.XYs
		for _, r := range rows {
			if selects(r) && r.Strategy == name {
				// A scale of logarithms has no zero.
				points = append(points, plotter.XY{X: float64(slices.Index(labels, label(r))), Y: max(1, r.rate())})
			}
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = shades[picked[i%len(picked)]], vg.Points(1.5)
		dots.Color, dots.Shape, dots.Radius = line.Color, shapes[i%len(shapes)], vg.Points(3)
		p.Add(line, dots)
		p.Legend.Add(name, line, dots)
	}
	p.NominalX(labels...)
	p.X.Label.Text = axis
	p.X.Min, p.X.Max = -0.3, float64(len(labels))-0.7
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, rateTicks{}
	p.Y.Min = min(p.Y.Min, 10)
	return p, nil
}

// rateTicks labels powers of ten.
type rateTicks struct{}

// Ticks returns a tick per power of ten.
func (rateTicks) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for v := 1.0; v <= most; v *= 10 {
		if v >= least {
			ticks = append(ticks, plot.Tick{Value: v, Label: count(v)})
		}
	}
	return ticks
}
