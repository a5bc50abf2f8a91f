package sched

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShutdownNamesTheTaskWhoseFunctionIsLeft(t *testing.T) {
	l := start(t, Options{MaxBlocking: 1})
	inside, release := make(chan struct{}), make(chan struct{})
	j, err := l.Start(context.Background(), "caller", func(task *Task) error {
		return task.Blocking(func() error {
			close(inside)
			<-release
			return nil
		})
	})
	require.NoError(t, err)
	<-inside
	j.Cancel(nil)
	<-j.Done()
	// Shutdown returns this error after cancelGrace.
	if err := l.leaked(); !errors.Is(err, ErrLeaked) || !strings.Contains(err.Error(), `"caller"`) {
		t.Errorf("leaked: got %v, want ErrLeaked with the name of the task", err)
	}
	close(release)
	if err := l.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestShutdownNamesTheTaskThatIsLeft(t *testing.T) {
	for name, start := range starts {
		t.Run(name, func(t *testing.T) {
			l := start(t, Options{})
			inside, release := make(chan struct{}), make(chan struct{})
			err := l.Go(context.Background(), "deaf", func(*Task) error {
				close(inside)
				<-release
				return nil
			})
			require.NoError(t, err)
			<-inside
			// Shutdown returns this error after cancelGrace.
			if err := l.leaked(); !errors.Is(err, ErrLeaked) || !strings.Contains(err.Error(), `"deaf"`) {
				t.Errorf("leaked: got %v, want ErrLeaked with the name of the task", err)
			}
			close(release)
		})
	}
}
