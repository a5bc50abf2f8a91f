package gate

import (
	"sync"
	"testing"
)

func TestAwaitReturnsBehindTheLast(t *testing.T) {
	for range 200 {
		g := New()
		var inside sync.WaitGroup
		open := true // written only after the last caller has left
		for range 4 {
			inside.Go(func() {
				for g.Enter() {
					if !open {
						t.Error("Enter returned true after WaitEmpty")
					}
					g.Leave()
				}
			})
		}
		if !g.Shut() || g.Shut() {
			t.Error("want Shut to return true exactly once")
		}
		g.WaitEmpty()
		open = false
		inside.Wait()
	}
}
