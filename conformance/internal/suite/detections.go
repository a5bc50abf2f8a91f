package suite

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// detectionsFlag exists in test programs only, as patienceFlag does.
var detectionsFlag = func() *bool {
	if !testing.Testing() {
		return new(bool)
	}
	return flag.Bool("suite.detections", false, "run every case against every mutant, and write which cases report which mutants")
}()

// mutantsAtOnceMax bounds how many mutants are tried at once: most of their time is spent waiting
// for a hang to be noticed.
const mutantsAtOnceMax = 16

// detections are the cases that have been seen to report a mutant, by its name.
type detections map[string][]string

// detections returns those of the file. If the flag asks for it, they are found out and written
// instead, and ok is false.
func (p Proof[F]) detections(t *testing.T) (known detections, ok bool) {
	t.Helper()
	if *detectionsFlag {
		if err := os.WriteFile(p.Detections, p.detect().text(), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Logf("wrote %s", p.Detections)
		return nil, false
	}
	text, err := os.ReadFile(p.Detections)
	if err != nil {
		t.Fatalf("%v; run the test with -suite.detections to write it", err)
	}
	return parseDetections(text), true
}

// detect runs every case against every mutant.
func (p Proof[F]) detect() detections {
	var mu sync.Mutex
	found := detections{}
	try := func(m Mutant[F], alone bool) {
		for _, c := range p.Cases {
			if c.Alone != alone {
				continue
			}
			// A busy machine may exhaust the short patience of a case that does not report the
			// mutant, but seldom twice.
			reports := true
			for range 2 {
				reports = reports && runCase(context.Background(), c, m.Target, scaled(proofPatience), nil).Outcome == Violated
			}
			if reports {
				mu.Lock()
				found[m.Name] = append(found[m.Name], c.ID)
				mu.Unlock()
			}
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, mutantsAtOnceMax)
	for _, m := range p.Mutants {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			try(m, false)
		})
	}
	wg.Wait()
	for _, m := range p.Mutants {
		try(m, true)
	}
	return found
}

// text is a line per mutant: its name, a tab, and the cases. Lines and cases are sorted.
func (d detections) text() []byte {
	var lines []string
	for name, cases := range d {
		lines = append(lines, fmt.Sprintf("%s\t%s\n", name, strings.Join(slices.Sorted(slices.Values(cases)), " ")))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

func parseDetections(text []byte) detections {
	d := detections{}
	for line := range bytes.Lines(text) {
		name, cases, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), "\t")
		d[name] = strings.Fields(cases)
	}
	return d
}
