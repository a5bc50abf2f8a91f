package schedexplore

import (
	"context"
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/sched"
)

// sleeper is a task that sleeps a few times.
type sleeper struct {
	w        *world
	at       *place
	home     uint64
	name     string
	sleeping bool
	deadline time.Time
	ended    bool
	canceled bool
	cancel   context.CancelFunc
}

func (s *sleeper) over() bool              { return s.ended }
func (s *sleeper) where() (*place, uint64) { return s.at, s.home }
func (s *sleeper) String() string          { return s.name }

func (s *sleeper) until() time.Time {
	if s.sleeping {
		return s.deadline
	}
	return time.Time{}
}

func (s *sleeper) lost(w *world) string {
	if s.sleeping && (s.canceled || w.canceled) {
		return "it was canceled"
	}
	return ""
}

func (s *sleeper) cancelIt() bool {
	if s.canceled {
		return false
	}
	s.canceled = true
	s.cancel()
	return true
}

func (w *world) addSleeper() {
	for range 2 {
		s := &sleeper{w: w, at: w.somewhere(), name: w.name("sleeper")}
		w.actors = append(w.actors, s)
		ctx, cancel := context.WithCancel(context.Background())
		s.cancel = cancel
		w.spawn(ctx, s.at, s.name, &s.ended, s.run)
	}
}

func (s *sleeper) run(t *sched.Task) error {
	w := s.w
	sleep := (*sched.Task).Sleep
	if w.seams.Sleep != nil {
		sleep = w.seams.Sleep
	}
	w.enter(s)
	s.home = w.crew.thread()
	for range 1 + w.random(4) {
		w.point(s)
		d := w.someTime() % time.Minute
		s.deadline, s.sleeping = time.Now().Add(d), true
		w.trace("%v sleeps for %v", s, d)
		err := sleep(t, d)
		at := time.Now()
		s.sleeping = false
		w.enter(s)
		if err != nil {
			if !s.canceled && !w.canceled && !w.broken() {
				w.fail("%v: %v", s, err)
			}
			return err
		}
		if early := s.deadline.Sub(at); early > 0 {
			w.fail("%v woke %v early", s, early)
		}
		if w.crew != nil {
			continue // another thread may have been faster
		}
		for _, a := range w.actors {
			if o, ok := a.(*sleeper); ok && o.sleeping && !o.canceled && o.deadline.Before(s.deadline) {
				w.fail("%v woke before %v, whose deadline is %v earlier", s, o, s.deadline.Sub(o.deadline))
			}
		}
	}
	return nil
}

// awaiter is a task that suspends itself until the environment resumes it.
type awaiter struct {
	w        *world
	at       *place
	home     uint64
	name     string
	awaiting bool
	resume   func()
	resumed  bool
	ended    bool
	canceled bool
	cancel   context.CancelFunc
}

func (a *awaiter) over() bool              { return a.ended }
func (a *awaiter) where() (*place, uint64) { return a.at, a.home }
func (a *awaiter) String() string          { return a.name }
func (a *awaiter) until() time.Time        { return time.Time{} }

func (a *awaiter) lost(w *world) string {
	switch {
	case !a.awaiting:
		return ""
	case a.resumed:
		return "it was resumed"
	case a.canceled || w.canceled:
		return "it was canceled"
	}
	return ""
}

func (a *awaiter) cancelIt() bool {
	if a.canceled {
		return false
	}
	a.canceled = true
	a.cancel()
	return true
}

func (w *world) addAwaiter() {
	a := &awaiter{w: w, at: w.somewhere(), name: w.name("awaiter")}
	w.actors = append(w.actors, a)
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	w.spawn(ctx, a.at, a.name, &a.ended, a.run)
}

func (a *awaiter) run(t *sched.Task) error {
	w := a.w
	await := (*sched.Task).Suspend
	if w.seams.Suspend != nil {
		await = w.seams.Suspend
	}
	w.enter(a)
	a.home = w.crew.thread()
	for w.busy() {
		w.point(a)
		a.resumed, a.awaiting = false, true
		err := await(t, func(resume func()) {
			a.resume = resume
			w.trace("%v awaits", a)
			w.point(a)
			if w.closing {
				a.resumed = true
				resume()
			}
		})
		a.awaiting, a.resume = false, nil
		w.enter(a)
		w.trace("%v was resumed: %v", a, err)
		var c *sched.CancelError
		switch {
		case err == nil && !a.resumed:
			w.fail("%v was resumed without a cause", a)
		case err != nil && !(errors.As(err, &c) && (a.canceled || w.canceled)) && !w.broken():
			w.fail("%v: %v", a, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
