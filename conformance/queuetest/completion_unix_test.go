//go:build unix

package queuetest

import "testing"

func TestCompletionOverPoll(t *testing.T) { Run(t, completionTarget(pollTarget("pipe"))) }
