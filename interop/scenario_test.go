package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// check is a part of a scenario. run starts bodies; the caller waits for them.
type check struct {
	name string
	run  func(t *testing.T, h harness)
}

// runForms runs each check in each form, with a harness of its own. After each it verifies that no
// goroutine and no descriptor is left.
func runForms(t *testing.T, checks ...check) { runIn(t, forms(), checks...) }

func runIn(t *testing.T, forms []form, checks ...check) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			for _, c := range checks {
				t.Run(c.name, func(t *testing.T) { runCheck(t, f, c) })
			}
		})
	}
}

func runCheck(t *testing.T, f form, c check) {
	before := takeSnapshot(t)
	h := f.open(t)
	defer func() { // after t.Fatal too
		err := h.Wait()
		if err != nil {
			t.Error(err)
		}
		if err := h.close(); err != nil {
			t.Error(err)
		}
		if err == nil && !t.Failed() {
			before.check(t)
		}
	}()
	c.run(t, h)
}

// short is a deadline or timeout that must pass before the check can continue. Its length does not
// affect a verdict.
const short = 30 * time.Millisecond

// loopback is the address for a listener whose port the kernel chooses.
const loopback = "127.0.0.1:0"

// blocking returns a body that runs f in Blocking.
func blocking(h harness, f func() error) func(context.Context) error {
	return func(ctx context.Context) error { return h.Blocking(ctx, f) }
}

// together calls f n times at once and returns the errors.
func together(n int, f func(i int) error) error {
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// payload returns n bytes that depend on n and seed only.
func payload(n int, seed uint64) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(n)
	_, _ = rand.NewChaCha8(key).Read(b)
	return b
}

// same returns an error unless got equals want.
func same(what string, got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return fmt.Errorf("%s: got %d bytes, want %d; they differ from byte %d", what, len(got), len(want), i)
}

// mustBe returns an error unless err is target.
func mustBe(what string, err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return fmt.Errorf("%s: got error %v (%T), want %v", what, err, err, target)
}

// mustTimeOut returns an error unless err is a timeout.
func mustTimeOut(what string, err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	return fmt.Errorf("%s: got error %v (%T), want a timeout", what, err, err)
}

// readFull reads n bytes.
func readFull(r io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	got, err := io.ReadFull(r, b)
	return b[:got], err
}
