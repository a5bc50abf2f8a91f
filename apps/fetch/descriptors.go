package main

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// rota assigns the targets to the workers. A worker that cannot get a descriptor closes its
// connection and gives its target back. It then waits, as long as another worker may still have a
// connection open. The other worker's end makes room. So no two workers wait for each other, and
// only a worker that is alone can conclude that there are too few descriptors.
type rota struct {
	mu      sync.Mutex
	next    int       // index of the first target that no worker has taken
	total   int       // of targets
	again   []int     // targets that workers gave back
	active  int       // workers that neither wait nor have ended
	waiting []*absent // in the order in which they began to wait
	closed  uint64    // number of times a worker has closed everything it had open
	calm    int       // downloads since the last lack of a descriptor or resumed worker
}

// absent is a waiting worker.
type absent struct{ resume func() }

// calmDownloads is the number of downloads without a lack of descriptors after which one waiting
// worker tries again. If that is too early, it costs another worker its connection.
const calmDownloads = 32

// take returns a target, and how often workers have closed everything so far. If ok is false the
// worker must end.
func (r *rota) take() (i int, closed uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.again); n > 0 {
		i, r.again = r.again[n-1], r.again[:n-1]
		return i, r.closed, true
	}
	if r.next < r.total {
		r.next++
		return r.next - 1, r.closed, true
	}
	r.active--
	r.closed++
	for len(r.waiting) > 0 {
		r.call()
	}
	return 0, r.closed, false
}

// done is called after a download that did not lack a descriptor.
func (r *rota) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed++ // the file of the download
	if r.calm++; r.calm >= calmDownloads && len(r.waiting) > 0 {
		r.calm = 0
		r.call()
	}
}

// call resumes the worker that has waited longest. The caller holds mu.
func (r *rota) call() {
	w := r.waiting[0]
	r.waiting = r.waiting[1:]
	r.active++
	w.resume()
}

// lack gives back target i, for which there was no descriptor, and suspends the worker t until it
// should try again. It returns false if waiting is useless: no other worker has anything open, and
// none has closed anything since take returned closed. The worker must have closed everything it
// had.
func (r *rota) lack(t *sched.Task, i int, closed uint64) bool {
	again := true
	w := &absent{}
	err := t.Suspend(func(resume func()) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calm = 0
		if r.active == 1 {
			if again = r.closed != closed; again {
				r.again = append(r.again, i)
			}
			resume()
			return
		}
		r.again = append(r.again, i)
		r.active--
		r.closed++
		w.resume = resume
		r.waiting = append(r.waiting, w)
	})
	if err != nil {
		// The run was interrupted. A worker that was called meanwhile is already active.
		r.mu.Lock()
		if i := slices.Index(r.waiting, w); i >= 0 {
			r.waiting = slices.Delete(r.waiting, i, i+1)
			r.active++
		}
		r.mu.Unlock()
	}
	return again
}

// lacksDescriptor reports whether err, or an error that it joins, means that the process or the
// system has no descriptor left.
func lacksDescriptor(err error) bool {
	if err == nil {
		return false
	}
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE} {
		// Errors of package net's resolver keep only the text.
		if errors.Is(err, errno) || errors.Is(err, resolve.ErrServFail) && strings.Contains(err.Error(), errno.Error()) {
			return true
		}
	}
	return sys.ClassOf(err) == sys.ClassOutOfDescriptors
}
