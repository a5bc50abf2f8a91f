package bufstrategytest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

// wrapLimitMax is the greatest Limit at which every state of a buffer is visited: each position of
// the first byte in the memory of a ring, each number of bytes, and each View.
const wrapLimitMax = 17

// wrapLimitPlain is the last of the limits in a row that are visited besides wrapLimitMax, unless
// the whole product is requested. Most states belong to the limits between the two.
const wrapLimitPlain = 8

func wrapCases() []Case {
	return []Case{
		{
			ID: "wrap/every-position", Doc: "bufstrategy.Buffer.View",
			Rule:   "View returns the first n unread bytes as one slice, and consumes nothing.",
			Source: "a ring that is wrong at one position in its length, and right in most tests",
			Run: func(t T, f *Fixture) {
				for limit := 1; limit <= suite.Extent(wrapLimitPlain, wrapLimitMax-1); limit++ {
					everyWrap(t, f, limit)
				}
				everyWrap(t, f, wrapLimitMax)
				// These limits lie around the sizes of the smallest blocks, and around those of
				// memory pages.
				everyWrap(t, f, 515)
				everyWrap(t, f, 4099)
			},
		}, {
			ID: "fill/one-byte-more-than-fits", Doc: "bufstrategy.Fill",
			Rule: "Fill reports Full as soon as dst has no room, without reading from src.",
			Run: func(t T, f *Fixture) {
				for _, limit := range []int{1, 2, 17, 256, 4096} {
					fillLimitPlusOne(t, f, limit)
				}
			},
		}, {
			ID: "zero/changes-nothing", Doc: "bufstrategy.Buffer.Discard",
			Rule: "Discard consumes the first n unread bytes.",
			Run:  zeroChangesNothing,
		},
	}
}

// corners returns all numbers up to n if they are few, and otherwise those where behavior may
// change.
func corners(n int) []int {
	var all []int
	for i := range n + 1 {
		if n <= wrapLimitMax+1 || i <= 1 || n-i <= 1 || (i == 255 || i == 256) && n < 4096 || i == 4096 {
			all = append(all, i)
		}
	}
	return all
}

// everyWrap visits the states of a buffer: n bytes are unread from position head, and v of them are
// viewed and discarded.
func everyWrap(t T, f *Fixture, limit int) {
	t.Helper()
	b := f.open(t, Options{Limit: limit})
	if b.Limit() > limit && limit < wrapLimitMax {
		return // covered by the states of a larger limit
	}
	w := wraps{b, pattern(4*b.Limit(), 70)}
	for _, head := range corners(b.Limit() - 1) {
		for _, n := range corners(b.Limit()) {
			for _, v := range corners(n + 1) {
				if err := w.visit(head, n, v); err != nil {
					t.Fatalf("limit %d, the first of %d bytes at %d, View of %d: %v", b.Limit(), n, head, v, err)
				}
				b.Discard(b.Len())
			}
		}
		b.Release()
	}
}

// wraps is a buffer and the bytes committed to it.
type wraps struct {
	b    bufstrategy.Buffer
	data []byte
}

// visit brings the buffer to a state and checks it. It then discards the View and fills the buffer
// completely.
func (w *wraps) visit(head, n, v int) error {
	first := min(head+n, w.b.Limit())
	w.put(w.data[:first])
	w.b.Discard(min(head, first))
	w.put(w.data[first : head+n])
	want := w.data[head : head+n]
	err := errors.Join(w.viewed(want, v), w.unread(want))
	if err != nil {
		return err
	}
	v = min(v, n)
	w.b.Discard(v)
	if err := w.unread(want[v:]); err != nil {
		return fmt.Errorf("after Discard: %w", err)
	}
	want = w.data[head+v:][:w.b.Limit()]
	w.put(want[n-v:])
	if err := errors.Join(w.viewed(want, len(want)), w.unread(want)); err != nil {
		return fmt.Errorf("after Discard, full: %w", err)
	}
	if k := sum(w.b.Space()); k != 0 {
		return fmt.Errorf("%d bytes of Space in a full buffer", k)
	}
	return nil
}

// put commits as much of p as fits. If that is not all, the unread bytes show it.
func (w *wraps) put(p []byte) {
	for n := 1; n > 0 && len(p) > 0; p = p[n:] {
		n = putOnce(w.b, p)
	}
}

func (w *wraps) unread(want []byte) error {
	if w.b.Len() != len(want) {
		return fmt.Errorf("at Len %d, want %d", w.b.Len(), len(want))
	}
	at := 0
	for _, s := range w.b.Segments() {
		if at+len(s) > len(want) || !bytes.Equal(s, want[at:at+len(s)]) {
			return fmt.Errorf("wrong bytes in Segments, from byte %d", at)
		}
		at += len(s)
	}
	if at != len(want) {
		return fmt.Errorf("in Segments are %d bytes, want %d", at, len(want))
	}
	return nil
}

// viewed checks n bytes of the buffer, which holds want.
func (w *wraps) viewed(want []byte, n int) error {
	v, err := w.b.View(n)
	var wantErr error
	switch {
	case n > w.b.Limit():
		wantErr = bufstrategy.ErrTooLarge
	case n > len(want):
		wantErr = bufstrategy.ErrShort
	}
	if !errors.Is(err, wantErr) || err == nil && !bytes.Equal(v, want[:n]) {
		return fmt.Errorf("by View(%d) of %d bytes: %v, want %v, or wrong bytes", n, len(want), err, wantErr)
	}
	return nil
}

func fillLimitPlusOne(t T, f *Fixture, limit int) {
	t.Helper()
	b := f.open(t, Options{Limit: limit})
	n := b.Limit()
	data := pattern(n+1, 72)
	src := &socket{data: data, arrived: n + 1, fin: true}
	wantFill(t, f, b, src, 0, bufstrategy.Full, n)
	if src.arrived != 1 {
		t.Fatalf("%d bytes are left in the source, want 1", src.arrived)
	}
	wantUnread(t, b, data[:n])
	b.Discard(1)
	// There is room for the one byte, but none to detect that it was the last.
	wantFill(t, f, b, src, 0, bufstrategy.Full, 1)
	wantUnread(t, b, data[1:])
	b.Discard(1)
	wantFill(t, f, b, src, 0, bufstrategy.EOF, 0)
	wantUnread(t, b, data[2:])
}

func zeroChangesNothing(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 1000, High: 700, Low: 300})
	check := func(want []byte) {
		t.Helper()
		paused := b.Paused()
		b.Discard(0)
		if v, err := b.View(0); err != nil || len(v) != 0 {
			t.Fatalf("View(0): %d bytes, %v", len(v), err)
		}
		wantFill(t, f, b, &socket{}, 0, bufstrategy.Drained, 0)
		wantFill(t, f, b, &socket{fin: true}, 0, bufstrategy.EOF, 0)
		b.Space()
		b.Commit(0)
		if b.Paused() != paused {
			t.Fatalf("Paused is %v at Len %d, and was not before", b.Paused(), b.Len())
		}
		wantUnread(t, b, want)
	}
	check(nil)
	data := pattern(800, 73)
	put(t, b, data)
	check(data)
	b.Discard(400)
	check(data[400:])
	b.Discard(400)
	check(nil)
}
