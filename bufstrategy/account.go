package bufstrategy

import (
	"fmt"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/poison"
)

// account is the state that every strategy keeps besides its memory: bounds, watermarks, statistics
// and the outstanding space.
type account struct {
	stats            Stats
	limit, high, low int
	offered          int // bytes of the Space that a Commit may follow
	paused, poison   bool
	crossed          func(paused bool) // nil without a Watcher
	budget           *budget.Budget    // for memory that does not come from a Pool
	lack             budget.Lack
}

func newAccount(o Options) account {
	return account{limit: o.Limit, high: o.High, low: o.Low, poison: o.Poison, budget: (*budget.Budget)(o.Budget)}
}

func (a *account) Limit() int   { return a.limit }
func (a *account) Paused() bool { return a.paused }
func (a *account) Stats() Stats { return a.stats }

// claim checks a Commit against the preceding Space, and ends that space.
func (a *account) claim(n int) {
	checkCommit(n, a.offered)
	a.offered = 0
	if n > 0 {
		a.stats.Commits++
	}
	a.stats.Moved += uint64(n)
}

// consume checks a Discard of n of length bytes, and ends the outstanding space.
func (a *account) consume(n, length int) {
	checkDiscard(n, length)
	a.offered = 0
	if n > 0 {
		a.stats.Discards++
	}
}

// level updates the watermarks after the number of unread bytes has changed. Every method calls it
// last, because it may call a Watcher.
func (a *account) level(length int) {
	if a.cross(length) {
		a.tell()
	}
}

// cross updates the watermarks, and reports whether one was crossed.
func (a *account) cross(length int) bool {
	was := a.paused
	switch {
	case length >= a.high:
		a.paused = true
	case length <= a.low:
		a.paused = false
	}
	return a.paused != was
}

// tell calls the Watcher, if any, after a crossing.
func (a *account) tell() {
	if a.crossed != nil {
		a.crossed(a.paused)
	}
}

// resident accounts for memory taken or given back.
func (a *account) resident(delta int) {
	a.stats.Resident += delta
	a.stats.PeakResident = max(a.stats.PeakResident, a.stats.Resident)
}

// allocate accounts for n bytes that the caller takes from the heap or the system. It reports false
// at the bound of the budget. held is the number of bytes that the buffer already holds, or zero if
// the new memory replaces a larger array.
func (a *account) allocate(held, n int) bool {
	if !a.budget.Reserve(held, n) {
		a.lack = budget.Lack{Held: held, More: n}
		return false
	}
	a.lack = budget.Lack{}
	a.stats.Allocs++
	a.resident(n)
	a.budget.Settle()
	return true
}

// freed accounts for the release of n bytes from allocate.
func (a *account) freed(n int) {
	a.resident(-n)
	a.budget.Release(n)
	a.budget.Settle()
}

func (a *account) lacks() (*budget.Budget, budget.Lack) { return a.budget, a.lack }

// spoil overwrites memory without unread bytes, in the debug mode.
func (a *account) spoil(p []byte) {
	if a.poison {
		poison.Fill(p)
	}
}

func checkCommit(n, offered int) {
	if n < 0 || n > offered {
		panic(fmt.Sprintf("bufstrategy: Commit of %d bytes: Space offered %d", n, offered))
	}
}

func checkDiscard(n, length int) {
	if n < 0 || n > length {
		panic(fmt.Sprintf("bufstrategy: Discard of %d bytes: %d are unread", n, length))
	}
}

// checkView checks whether n bytes can be viewed. The unread bytes never exceed the limit.
// checkView is small enough to be inlined, because every message calls it more than once.
func checkView(n, length, limit int) error {
	if uint(n) <= uint(length) {
		return nil
	}
	return refuseView(n, limit)
}

// refuseView returns the reason why n bytes cannot be viewed. n is negative or more than the unread
// bytes.
//
//go:noinline
func refuseView(n, limit int) error {
	switch {
	case n < 0:
		panic(fmt.Sprintf("bufstrategy: View of %d bytes: want 0 or more", n))
	case n > limit:
		return ErrTooLarge
	}
	return ErrShort
}
