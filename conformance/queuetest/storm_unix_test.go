//go:build unix

package queuetest

import (
	"testing"
	"time"
)

// TestUnderSignals runs every case while the threads of the process get a signal every two
// milliseconds.
func TestUnderSignals(t *testing.T) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(2 * stormPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				interruptAll()
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	for _, target := range targets() {
		if err := target.available(); err != nil {
			t.Logf("%s: unavailable (%v)", target.Name, err)
			continue
		}
		for _, v := range Check(t.Context(), target) {
			t.Errorf("%s: %v", target.Name, v)
		}
	}
}
