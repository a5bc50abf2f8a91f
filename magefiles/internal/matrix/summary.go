package matrix

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Summary is what the implementations of a contract on a platform show together.
type Summary struct {
	Contract, Platform string
	Implementations    int // those that the system has

	Passed, NotApplicable, Waived, Violated int // cases
}

// counts matches the beginning of the counts of one implementation.
var counts = regexp.MustCompile(`^(\d+) pass, (\d+) n/a, (\d+) waived, (\d+) violated`)

// Summaries returns a Summary per contract and platform, in that order. It omits implementations
// that a system refuses.
func (m Matrix) Summaries() []Summary {
	var all []Summary
	for platform, results := range m {
		for key, text := range results {
			found := counts.FindStringSubmatch(text)
			if found == nil {
				continue
			}
			contract, _, _ := strings.Cut(key, " ")
			i := slices.IndexFunc(all, func(s Summary) bool { return s.Contract == contract && s.Platform == platform })
			if i < 0 {
				i = len(all)
				all = append(all, Summary{Contract: contract, Platform: platform})
			}
			s := &all[i]
			s.Implementations++
			for j, n := range []*int{&s.Passed, &s.NotApplicable, &s.Waived, &s.Violated} {
				count, _ := strconv.Atoi(found[j+1]) // digits
				*n += count
			}
		}
	}
	slices.SortFunc(all, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(a.Contract, b.Contract), cmp.Compare(a.Platform, b.Platform))
	})
	return all
}
