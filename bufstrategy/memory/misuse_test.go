package memory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

// Functions to find in stacks.
func takeHere(t *testing.T, p *memory.Pool) memory.Block {
	t.Helper()
	b, err := p.Take(1000)
	require.NoError(t, err)
	return b
}

func releaseHere(b memory.Block)      { b.Release() }
func releaseAgainHere(b memory.Block) { b.Release() }

func TestGuardPanicsWithoutAReport(t *testing.T) {
	p, err := memory.NewPoolOf(memory.PoolOptions{Limit: 1024, Guard: true})
	require.NoError(t, err)
	b := takeHere(t, p)
	releaseHere(b)
	defer func() {
		err, _ := recover().(error)
		var m *memory.Misuse
		if !errors.As(err, &m) || m.Kind != memory.ReleasedTwice {
			t.Fatalf("panic with %v", err)
		}
		for _, want := range []string{
			"block of 1024 bytes released twice", "taken at:", "takeHere", "released at:", "releaseHere", "found at:", "releaseAgainHere",
		} {
			if !strings.Contains(m.Error(), want) {
				t.Errorf("no %q in:\n%v", want, m)
			}
		}
		// The panic leaves no lock held.
		if p.Stats().Lent != 0 || takeHere(t, p).Bytes() == nil {
			t.Error("pool not usable after the panic")
		}
	}()
	releaseAgainHere(b)
}

func TestMisuseOfBytesHasAnOffset(t *testing.T) {
	var found []*memory.Misuse
	p, err := memory.NewPoolOf(memory.PoolOptions{
		Limit: 1024, Keep: 1024, Guard: true, Report: func(m *memory.Misuse) { found = append(found, m) },
	})
	require.NoError(t, err)
	b := takeHere(t, p)
	kept := b.Bytes()
	b.Release()
	kept[7] = 'x'
	p.Trim()
	if len(found) != 1 || !strings.Contains(found[0].Error(), "written after release, at offset 7") {
		t.Errorf("%v", found)
	}
}

func TestKindsOfMisuseAreThoseOfThePool(t *testing.T) {
	for kind, of := range map[memory.MisuseKind]pool.Kind{
		memory.WrittenOutside: pool.WrittenOutside, memory.ReleasedTwice: pool.ReleasedTwice,
		memory.UsedAfterRelease: pool.UsedAfterRelease, memory.WrittenAfterRelease: pool.WrittenAfterRelease,
	} {
		if kind.String() != of.String() {
			t.Errorf("%v is %v in the pool", kind, of)
		}
	}
}
