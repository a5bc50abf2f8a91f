package gate

import (
	"sync"
	"testing"
)

func TestAwaitReturnsBehindTheLast(t *testing.T) {
	for range 200 {
		g := New()
		var inside sync.WaitGroup
		open := true // written only when nobody is inside
		for range 4 {
			inside.Go(func() {
				for g.Enter() {
					if !open {
						t.Error("entered behind WaitEmpty")
					}
					g.Leave()
				}
			})
		}
		if !g.Shut() || g.Shut() {
			t.Error("Shut is true once")
		}
		g.WaitEmpty()
		open = false
		inside.Wait()
	}
}
