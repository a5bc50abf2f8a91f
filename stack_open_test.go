package edgewise

import (
	"context"
	"testing"
)

// A task that was started before Shutdown runs, however soon Shutdown follows on Open.
func TestShutdownAfterOpen(t *testing.T) {
	for _, scheduler := range []string{"single", "sharded", "shared", "stealing"} {
		loops := 3
		if scheduler == "single" {
			loops = 1
		}
		for range 20 {
			s := openForTest(t, Options{Scheduler: scheduler, Loops: loops})
			ran := make(chan struct{}, loops)
			for range loops {
				if err := s.Go(context.Background(), "task", func(*Task) error {
					ran <- struct{}{}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Shutdown(context.Background()); err != nil {
				t.Fatalf("%s: got %v of Shutdown, want nil", scheduler, err)
			}
			if len(ran) != loops {
				t.Errorf("%s: %d of %d tasks ran", scheduler, len(ran), loops)
			}
		}
	}
}
