package sched

import "testing"

// The two sides wait for each other by turns, and the bridge waits for both.
func TestItemsAllocateNothing(t *testing.T) {
	l := start(t, Options{})
	for _, size := range []int{0, 1, 8} {
		there, back := NewChan[int](size), NewChan[int](size)
		err := l.Call(t.Context(), "sends", func(task *Task) error {
			echo, err := task.Start(t.Context(), "echoes", func(echo *Task) error {
				for {
					v, err := there.Recv(echo)
					if err != nil {
						return nil
					}
					if err := back.Send(echo, v); err != nil {
						return err
					}
				}
			})
			if err != nil {
				return err
			}
			allocs := testing.AllocsPerRun(1000, func() {
				err := there.Send(task, 7)
				v, rerr := back.Recv(task)
				if err != nil || rerr != nil || v != 7 {
					t.Errorf("round trip: got %d, %v, %v, want 7", v, err, rerr)
				}
			})
			if allocs != 0 {
				t.Errorf("size %d: got %v allocations per item, want 0", size, allocs)
			}
			there.Close()
			return task.Join(echo)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestABridgeAllocatesNothing(t *testing.T) {
	l := start(t, Options{})
	from := make(chan int)
	b := NewBridge(from, 1)
	err := l.Call(t.Context(), "receives", func(task *Task) error {
		back := make(chan struct{})
		go func() {
			defer close(back)
			for i := range 1001 {
				from <- i
			}
		}()
		allocs := testing.AllocsPerRun(1000, func() {
			if _, err := b.Recv(task); err != nil {
				t.Error(err)
			}
		})
		if allocs != 0 {
			t.Errorf("got %v allocations per item, want 0", allocs)
		}
		return task.Suspend(func(resume func()) {
			go func() {
				<-back
				resume()
			}()
		})
	})
	if err != nil {
		t.Error(err)
	}
	b.Stop()
	<-b.Done()
}
