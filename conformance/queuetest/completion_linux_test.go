package queuetest

import "testing"

func TestCompletionOverEpoll(t *testing.T) { Run(t, completionTarget(epollTarget("eventfd"))) }
func TestCompletionOverIouring(t *testing.T) {
	runOperations(t, completionTarget(iouringTarget("nop")))
}
