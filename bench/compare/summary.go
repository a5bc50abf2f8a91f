package compare

import (
	"math"
	"slices"

	"github.com/edgewise-go/edgewise/bench/internal/stats"
)

// cost is what a sample is compared by: processor time, or memory.
func (s Sample) cost() float64 { return s.CPU + s.Bytes }

// samples returns the samples of a server at a work, in the order of the rounds.
func (r *Result) samples(work, server string) []Sample {
	var some []Sample
	for _, s := range r.Samples {
		if s.Work == work && s.Server == server && s.cost() > 0 {
			some = append(some, s)
		}
	}
	slices.SortStableFunc(some, func(a, b Sample) int { return a.Round - b.Round })
	return some
}

// cell is what is known about a server at a work.
type cell struct {
	cost, low, high            float64 // median and quartiles
	ratio, ratioLow, ratioHigh float64 // to the reference in the same round
	rate, p50, p99, p999       float64
	switches                   float64
	systemCalls                float64 // not a number if they were not counted
	known                      bool    // it has done the work
}

// cell summarizes a server at a work.
func (r *Result) cell(work, server string) cell {
	some := r.samples(work, server)
	c := cell{known: len(some) > 0, systemCalls: math.NaN(), ratio: math.NaN()}
	if !c.known {
		return c
	}
	median := func(of func(Sample) float64) float64 { return stats.MedianOf(some, of) }
	var costs []float64
	for _, s := range some {
		costs = append(costs, s.cost())
	}
	c.cost, c.low, c.high = stats.Median(costs), stats.Quantile(0.25, costs), stats.Quantile(0.75, costs)
	c.rate = median(func(s Sample) float64 { return s.Rate })
	c.p50 = median(func(s Sample) float64 { return s.P50 })
	c.p99 = median(func(s Sample) float64 { return s.P99 })
	c.p999 = median(func(s Sample) float64 { return s.P999 })
	c.switches = median(func(s Sample) float64 { return s.Switches })
	for _, s := range r.Samples {
		if s.Work == work && s.Server == server && s.SystemCalls > 0 {
			c.systemCalls = s.SystemCalls
		}
	}
	if ratios := r.ratios(work, r.Servers[0].Word, server); len(ratios) > 0 {
		c.ratio, c.ratioLow, c.ratioHigh = stats.Median(ratios), stats.Quantile(0.25, ratios), stats.Quantile(0.75, ratios)
	}
	return c
}

// ratios returns the cost of one server divided by that of another in the same round, for each
// round in which both have done the work. More than 1 means that the other costs less.
func (r *Result) ratios(work, server, other string) []float64 {
	var all []float64
	others := r.samples(work, other)
	for _, s := range r.samples(work, server) {
		i := slices.IndexFunc(others, func(o Sample) bool { return o.Round == s.Round })
		if i >= 0 {
			all = append(all, s.cost()/others[i].cost())
		}
	}
	return all
}

// best returns the form of this workspace that costs least at a work.
func (r *Result) best(work string) (Server, bool) {
	var best Server
	least := math.Inf(1)
	for _, s := range r.Servers {
		if c := r.cell(work, s.Word); s.Ours && c.known && c.cost < least {
			best, least = s, c.cost
		}
	}
	return best, !math.IsInf(least, 1)
}

// lost returns the peers that cost less than the best form of this workspace in most rounds, the
// cheapest first.
func (r *Result) lost(work string) []Server {
	best, ok := r.best(work)
	if !ok {
		return nil
	}
	var some []Server
	for _, s := range r.Servers {
		if s.Ours {
			continue
		}
		if ratios := r.ratios(work, best.Word, s.Word); len(ratios) > 0 && stats.Median(ratios) > 1 {
			some = append(some, s)
		}
	}
	slices.SortStableFunc(some, func(a, b Server) int {
		if r.cell(work, a.Word).cost < r.cell(work, b.Word).cost {
			return -1
		}
		return 1
	})
	return some
}

func (r *Result) server(word string) Server {
	i := slices.IndexFunc(r.Servers, func(s Server) bool { return s.Word == word })
	if i < 0 {
		return Server{Word: word, Name: word}
	}
	return r.Servers[i]
}
