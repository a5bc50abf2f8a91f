package main

import (
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
)

// flight is a lookup in flight.
type flight interface{ cancel() }

type hostFlight struct{ resolve.HostQuery }

func (f *hostFlight) cancel() { f.HostQuery.Cancel() }

type questionFlight struct{ resolve.Query }

func (f *questionFlight) cancel() { f.Query.Cancel() }

// driver is a task that starts lookups and takes their results, up to a number in flight.
type driver struct {
	session *session
	bell    bell
	inbox   *resolve.Inbox
	quota   int
	flights map[flight]struct{}
	result  result // the one at hand, for its memory
	format  []byte // likewise
	timer   *time.Timer

	held     entry // taken from the feed, and not started yet
	holds    bool
	over     bool // the feed has ended
	canceled bool
}

func (d *driver) work(t *sched.Task) error {
	s := d.session
	for {
		d.inbox.Run(0)
		starving := d.fill()
		if starving {
			// Look again after the announcement: what came before it has not rung the bell.
			s.starving.Add(1)
			d.fill()
		}
		if err := s.out.flush(); err != nil {
			s.stop()
			d.fill()
		}
		over := (d.over || s.stopped.Load()) && len(d.flights) == 0
		var err error
		if !over {
			err = d.bell.wait(t.Suspend)
		}
		if starving {
			s.starving.Add(-1)
		}
		if over || err != nil {
			return err
		}
	}
}

// fill starts lookups while there are names and room. It returns true if the feed or another driver
// must advance before it can start more.
func (d *driver) fill() (starving bool) {
	s := d.session
	if s.stopped.Load() {
		d.cancel()
		return false
	}
	for len(d.flights) < d.quota {
		if !d.holds {
			select {
			case d.held, d.holds = <-s.feed.entries:
			default:
				return true
			}
			if !d.holds {
				d.over = true
				return false
			}
		}
		if !s.out.room(d.held.seq) {
			return true
		}
		if early := s.pacer.take(time.Now()); early > 0 {
			d.ringAfter(early)
			return false
		}
		d.holds = false
		d.start(d.held)
	}
	return false
}

func (d *driver) ringAfter(delay time.Duration) {
	if d.timer == nil {
		d.timer = time.AfterFunc(delay, d.bell.ring)
	} else {
		d.timer.Reset(delay)
	}
}

// cancel cancels the lookups in flight, once.
func (d *driver) cancel() {
	if d.canceled {
		return
	}
	d.canceled = true
	for f := range d.flights {
		f.cancel()
	}
}

// start begins a lookup.
func (d *driver) start(e entry) {
	s := d.session
	began := time.Now()
	if s.tracer != nil {
		s.tracer.begin(e.name, s.config.kind, s.resolver)
	}
	if e.err != nil {
		d.finish(&result{entry: e, err: e.err})
		return
	}
	if s.config.kind == 0 {
		f := &hostFlight{}
		f.Name, f.Family, f.Deadline, f.Inbox = e.name, s.config.family, s.config.deadline(), d.inbox
		f.Done = func(a resolve.HostAnswer, err error) {
			delete(d.flights, f)
			d.result = result{entry: e, err: err, took: time.Since(began), rows: d.result.rows[:0]}
			d.result.ofHost(a)
			d.finish(&d.result)
		}
		d.flights[f] = struct{}{}
		s.resolver.host.Start(&f.HostQuery)
		return
	}
	question, err := questionOf(e.name, s.config.kind)
	if err != nil {
		d.finish(&result{entry: e, err: err})
		return
	}
	f := &questionFlight{}
	f.Question, f.Deadline, f.Inbox = question, s.config.deadline(), d.inbox
	f.Done = func(a resolve.Answer, err error) {
		delete(d.flights, f)
		d.result = result{entry: e, err: err, took: time.Since(began), absolute: question.Name, rows: d.result.rows[:0]}
		d.result.ofAnswer(a)
		d.finish(&d.result)
	}
	d.flights[f] = struct{}{}
	s.resolver.host.Strategy.Start(&f.Query)
}

// finish passes a result on.
func (d *driver) finish(r *result) {
	s := d.session
	r.classify()
	if s.tracer != nil {
		s.tracer.end(r)
	}
	d.format = s.out.formatter(d.format[:0], r)
	if s.out.deliver(r, d.format) {
		s.advanced()
	}
}
