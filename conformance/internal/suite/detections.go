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

// detectionsFlag exists only in test programs, like patienceFlag.
var detectionsFlag = func() *bool {
	if !testing.Testing() {
		return new(bool)
	}
	return flag.Bool("suite.detections", false, "run every case against every mutant, and write which cases report which mutants")
}()

// mutantsAtOnceMax bounds how many mutants run at once. They spend most of their time waiting for a
// hang to be noticed.
const mutantsAtOnceMax = 16

// detections maps the name of a mutant to the cases that have reported it.
type detections map[string][]string

// detections returns the detections in the file. If the flag is set, it measures and writes them
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
			// mutant, but rarely twice.
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

// text returns a line per mutant: its name, a tab, and the cases. Lines and cases are sorted.
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
