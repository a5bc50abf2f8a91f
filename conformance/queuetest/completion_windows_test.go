package queuetest

import "testing"

func TestCompletionOverIOCP(t *testing.T) { Run(t, completionTarget(iocpTarget())) }
