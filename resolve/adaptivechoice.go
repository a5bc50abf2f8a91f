package resolve

import (
	"fmt"
	"strings"
	"time"
)

// obstacle is why a blocking route may not run on the caller's thread.
type obstacle uint8

const (
	obstacleNone       obstacle = iota
	obstacleNotAllowed          // AllowBlocking is not set
	obstacleUnmeasured          // fewer than MinSamples
	obstacleTail                // the 99th percentile is above the budget
	obstacleMiss                // the last time above the budget was above MaxBlockingMiss
)

// obstacleOf must be called with mu held.
func (a *Adaptive) obstacleOf(r *route) obstacle {
	switch {
	case !r.Blocking:
		return obstacleNone
	case !a.options.AllowBlocking:
		return obstacleNotAllowed
	case r.threads() < uint64(a.options.MinSamples):
		return obstacleUnmeasured
	case r.lastMiss > MaxBlockingMiss:
		return obstacleMiss
	case r.heldP99 > a.options.Budget:
		return obstacleTail
	}
	return obstacleNone
}

// open reports whether f may use route r now.
func (a *Adaptive) open(f *adaptiveQuery, r *route) bool {
	if f.asked[r.index] || !r.serves(f.q.Question, f.system) {
		return false
	}
	// A retry runs on the goroutine that reports the failure, which must not block.
	return !r.Blocking || f.last == nil && a.obstacleOf(r) == obstacleNone
}

// works reports whether the route is not down. A blocking route gets no probes, so it is tried
// again after the interval.
func (r *route) works(now time.Time) bool {
	return !r.down || r.Blocking && !now.Before(r.nextProbe)
}

// choose returns the best route for f, or nil. The caller holds mu.
func (a *Adaptive) choose(f *adaptiveQuery, now time.Time) *route {
	var best, spare *route
	for _, r := range a.routes {
		if !a.open(f, r) {
			continue
		}
		if !r.works(now) {
			if spare == nil {
				spare = r
			}
			continue
		}
		if best == nil || a.beats(r, best) {
			best = r
		}
	}
	if best == nil && f.last == nil { // a retry does not wait for a route that is down
		return spare
	}
	return best
}

// beats reports whether r, which comes later, is better than best by a fifth.
func (a *Adaptive) beats(r, best *route) bool {
	return r.measured(a.options.MinSamples) && best.measured(a.options.MinSamples) && r.p95*5 < best.p95*4
}

// explore returns the route with the fewest samples instead of best, for a small fraction of the
// queries. The caller holds mu.
func (a *Adaptive) explore(f *adaptiveQuery, now time.Time, best *route) *route {
	if best == nil || a.options.Explore <= 0 || f.crowded {
		return best
	}
	var other *route
	for _, r := range a.routes {
		if r != best && a.open(f, r) && r.works(now) && (other == nil || r.samples() < other.samples()) {
			other = r
		}
	}
	if other == nil || a.options.Random() >= a.options.Explore {
		return best
	}
	a.stats.Explored++
	return other
}

// Decision is the route that an [Adaptive] uses for a question, and why.
type Decision struct {
	Route  string // empty if no route may answer
	Reason string // for people: the measurements, or the rule that decided; its form may change
}

func (d Decision) String() string { return d.Route + " (" + d.Reason + ")" }

// Decide returns the route that a query for q would use now, unless it explores. It starts and
// counts nothing.
func (a *Adaptive) Decide(q Question) Decision {
	f := &adaptiveQuery{succession: succession{q: &Query{Question: q}}, a: a}
	f.system, f.why = a.needsSystem(q)
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.options.Clock()
	best := a.choose(f, now)
	var parts []string
	if f.system {
		parts = append(parts, "needs the system: "+f.why)
	}
	d := Decision{}
	if best == nil {
		parts = append(parts, "no route may answer")
	} else {
		d.Route = best.Name
		parts = append(parts, best.Name+": "+a.describe(f, best, now))
	}
	for _, r := range a.routes {
		if r != best {
			parts = append(parts, r.Name+": "+a.describe(f, r, now))
		}
	}
	d.Reason = strings.Join(parts, "; ")
	return d
}

// describe returns what decides about route r.
func (a *Adaptive) describe(f *adaptiveQuery, r *route, now time.Time) string {
	switch {
	case f.system && !r.System:
		return "does not use the system"
	case !r.serves(f.q.Question, f.system):
		return "answers addresses only"
	}
	switch a.obstacleOf(r) {
	case obstacleNotAllowed:
		return "blocks, which is not allowed"
	case obstacleUnmeasured:
		return fmt.Sprintf("blocks, and has %d of %d samples", r.threads(), a.options.MinSamples)
	case obstacleTail:
		return fmt.Sprintf("blocks, p99 %v, above the budget of %v", short(r.heldP99), a.options.Budget)
	case obstacleMiss:
		return fmt.Sprintf("blocks, and took %v for its last miss, above %v", short(r.lastMiss), MaxBlockingMiss)
	}
	if !r.works(now) {
		return fmt.Sprintf("down for %v: %v", short(now.Sub(r.downSince)), r.failure)
	}
	if !r.measured(a.options.MinSamples) {
		return fmt.Sprintf("%d of %d samples", r.samples(), a.options.MinSamples)
	}
	return fmt.Sprintf("p95 %v over %d samples", short(r.p95), r.samples())
}

// short rounds d to two digits.
func short(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for unit*100 <= d {
		unit *= 10
	}
	return d.Round(unit)
}
