package sched

import (
	"bytes"
	"context"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// goroutines returns the profile of all goroutines, with their labels.
func goroutines(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Error(err)
	}
	return b.String()
}

// stepFunc is a handler with a function as its only step.
type stepFunc func()

func (f stepFunc) Step(HandlerTask, Cause) Next {
	f()
	return Done(nil)
}

func (f stepFunc) End(error) {}

// observe returns the goroutine profile that a task sees while another task is suspended, and the
// one that a handler's step sees.
func observe(t *testing.T, l *Loop) (inTask, inStep string) {
	t.Helper()
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(a)
	defer sys.Close(b)
	var resume func()
	suspended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := l.Go(ctx, "sleeper", func(task *Task) error {
		return task.Suspend(func(r func()) {
			resume = r
			close(suspended)
		})
	}); err != nil {
		t.Fatal(err)
	}
	<-suspended
	stepped := make(chan struct{})
	if err := l.Call(t.Context(), "observer", func(task *Task) error {
		inTask = goroutines(t)
		_, err := l.StartHandler(a, stepFunc(func() {
			defer close(stepped)
			inStep = goroutines(t)
		}))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	<-stepped
	resume()
	return inTask, inStep
}

func TestProfilesTellTasksApart(t *testing.T) {
	for name, start := range starts {
		t.Run(name, func(t *testing.T) {
			inTask, inStep := observe(t, start(t, Options{Profile: true}))
			for _, want := range []string{`"task":"sleeper"`, `"task":"observer"`} {
				if !strings.Contains(inTask, want) {
					t.Errorf("goroutine profile: no label %s:\n%s", want, inTask)
				}
			}
			if want := `"task":"handler"`; !strings.Contains(inStep, want) {
				t.Errorf("goroutine profile: no label %s:\n%s", want, inStep)
			}
		})
	}
}

func TestProfilesHaveNoLabelsUnlessAskedFor(t *testing.T) {
	inTask, inStep := observe(t, start(t, Options{}))
	if strings.Contains(inTask+inStep, `"task":`) {
		t.Errorf("goroutine profile: has labels, want none:\n%s%s", inTask, inStep)
	}
}

// A handler's labels end with the step. The loop has the labels of Run's context.
func TestALoopHasTheLabelsOfItsContext(t *testing.T) {
	q, err := epoll.New(epoll.Options{})
	require.NoError(t, err)
	l := New(q, Options{Profile: true})
	ran := make(chan error, 1)
	go func() { ran <- l.Run(pprof.WithLabels(context.Background(), pprof.Labels("program", "labelled"))) }()
	inTask, _ := observe(t, l)
	if want := `{"program":"labelled", "task":"sleeper"}`; !strings.Contains(inTask, want) {
		t.Errorf("goroutine profile: no labels %s:\n%s", want, inTask)
	}
	var posted string
	done := make(chan struct{})
	if err := l.Post(func() {
		defer close(done)
		posted = goroutines(t)
	}); err != nil {
		t.Fatal(err)
	}
	<-done
	if want := `{"program":"labelled"}`; !strings.Contains(posted, want) || strings.Contains(posted, `"task":"handler"`) {
		t.Errorf("goroutine profile: want labels %s and no handler:\n%s", want, posted)
	}
	l.Drain()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

func TestTracesHaveRegionsOfTasks(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, trace.Start(&b))
	l := start(t, Options{Profile: true})
	for range 3 {
		if err := l.Call(t.Context(), "a traced task", func(task *Task) error { return task.Yield() }); err != nil {
			t.Error(err)
		}
	}
	trace.Stop()
	if !bytes.Contains(b.Bytes(), []byte("a traced task")) {
		t.Errorf("trace of %d bytes: no region with the task's name", b.Len())
	}
}
